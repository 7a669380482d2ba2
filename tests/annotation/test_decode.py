"""Genes are found as they were made: on both strands, overlapping as in operons, whatever parts answers come in."""

import random

import numpy as np
import pytest

from dna_mamba.alphabet import reverse_complement
from dna_mamba.annotation.decode import decode_genes
from dna_mamba.annotation.options import DecoderOptions
from dna_mamba.errors import InputError
from dna_mamba.io.gff.writer import PredictedGene
from tests.annotation.genes import UNSPLICED, Spans, answers, codes_of, coding_letters, is_gene, spacer, truth_labels

OPTIONS = DecoderOptions()


def contig(seed: int = 1) -> tuple[str, list[tuple[str, Spans]]]:
    """Twelve genes of both strands with gaps between them."""
    rng = random.Random(seed)
    letters = spacer(150, rng)
    genes: list[tuple[str, Spans]] = []
    for number in range(12):
        strand, gene = "+-"[number % 3 == 1], coding_letters(rng.randrange(60, 150), rng)
        genes.append((strand, ((len(letters), len(letters) + len(gene)),)))
        letters += (gene if strand == "+" else reverse_complement(gene)) + spacer(rng.randrange(20, 200), rng)
    return letters, genes


def places(genes: list[PredictedGene]) -> list[tuple[str, Spans]]:
    return [(gene.strand, gene.spans) for gene in genes]


def test_genes_are_found_to_the_base() -> None:
    letters, genes = contig()
    log_p = answers(truth_labels(len(letters), genes, UNSPLICED), len(UNSPLICED), noise=1.5)
    found = decode_genes("c", codes_of(letters), log_p, UNSPLICED, OPTIONS)
    assert places(found) == genes
    assert all(is_gene(letters, gene.strand, gene.spans) and gene.score > 0 for gene in found)


def test_a_gene_may_begin_in_the_stop_of_the_one_before() -> None:
    rng = random.Random(2)
    first, second = coding_letters(80, rng)[:-3] + "GCATGA", "ATGAAA" + coding_letters(80, rng)[3:]
    letters = spacer(90, rng) + first + second[4:] + spacer(90, rng)
    end = 90 + len(first)
    genes: list[tuple[str, Spans]] = [("+", ((90, end),)), ("+", ((end - 4, end - 4 + len(second)),))]
    assert all(is_gene(letters, *gene) for gene in genes)
    log_p = answers(truth_labels(len(letters), genes, UNSPLICED), len(UNSPLICED), noise=1.0)
    found = decode_genes("c", codes_of(letters), log_p, UNSPLICED, OPTIONS)
    assert places(found) == genes
    apart = decode_genes("c", codes_of(letters), log_p, UNSPLICED, OPTIONS._replace(overlap_bp=3))
    assert len(apart) == 2 and apart[1].start >= end  # then another start is taken


def test_the_other_strand_gives_the_mirror_image() -> None:
    letters, genes = contig(4)
    log_p = answers(truth_labels(len(letters), genes, UNSPLICED), len(UNSPLICED), noise=3.0)
    turned = log_p[::-1, [0, 4, 5, 6, 1, 2, 3]]
    length = len(letters)
    found = places(decode_genes("c", codes_of(letters), log_p, UNSPLICED, OPTIONS))
    mirrored = places(decode_genes("c", codes_of(reverse_complement(letters)), turned, UNSPLICED, OPTIONS))
    assert found == sorted(
        (("-+"[strand == "-"], ((length - spans[0][1], length - spans[0][0]),)) for strand, spans in mirrored),
        key=lambda gene: gene[1],
    )


def test_unknown_bases_and_short_contigs_hold_no_genes() -> None:
    unknown = np.full(500, 4, dtype=np.uint8)
    sure = answers(np.resize([1, 2, 3], 500), len(UNSPLICED), noise=0.0)
    assert decode_genes("n", unknown, sure, UNSPLICED, OPTIONS) == []
    assert decode_genes("short", codes_of("AT"), sure[:2], UNSPLICED, OPTIONS) == []


def test_other_classes_and_other_lengths_are_refused() -> None:
    with pytest.raises(InputError, match="coding0"):
        decode_genes("c", codes_of("ACGT"), np.zeros((4, 2)), ("helix", "coil"), OPTIONS)
    with pytest.raises(ValueError, match="3 answers for 4 bases"):
        decode_genes("c", codes_of("ACGT"), np.zeros((3, 7)), UNSPLICED, OPTIONS)
    with pytest.raises(InputError, match="no genetic code 99"):
        decode_genes("c", codes_of("ACGT"), np.zeros((4, 7)), UNSPLICED, OPTIONS._replace(genetic_code=99))
