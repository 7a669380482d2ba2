"""The decoder learns a genome: genes that a poor head misses are found by how the sure ones look."""

import random

import numpy as np
import pytest

from dna_mamba.alphabet import reverse_complement
from dna_mamba.annotation.adaptation import LEAST_CODING_BP, AnsweredContig, adapt
from dna_mamba.annotation.decode import decode_genes
from dna_mamba.annotation.options import DecoderOptions
from tests.annotation.genes import (
    SPLICED,
    UNSPLICED,
    Spans,
    answers,
    biased_gene,
    codes_of,
    intron_letters,
    spacer,
    truth_labels,
)

BACTERIAL, EUKARYOTIC = DecoderOptions(), DecoderOptions(genetic_code=1)
Genes = list[tuple[str, Spans]]


def genome(n_genes: int, seed: int, *, intron: bool = False) -> tuple[str, Genes]:
    """Genes with a binding site, or with an intron each, on both strands."""
    rng = random.Random(seed)
    letters, genes = spacer(600, rng), Genes()
    for _ in range(n_genes):
        gene = biased_gene(rng.randrange(150, 300), rng)
        cut = rng.randrange(60, len(gene) - 60) if intron else len(gene)
        between = intron_letters(120, rng)[:-20] + "TACTAACTTTTTCTTTTTAG" if intron else ""
        parts = [(0, cut), (cut + len(between), len(gene) + len(between))] if intron else [(0, len(gene))]
        text = gene[:cut] + between + gene[cut:]
        strand = rng.choice("+-")
        leader = spacer(20, rng) if intron else spacer(10, rng) + "AGGAGG" + spacer(6, rng)
        block = leader + text
        spans = [(start + len(leader), end + len(leader)) for start, end in parts]
        if strand == "-":
            block = reverse_complement(block)
            spans = [(len(block) - end, len(block) - start) for start, end in reversed(spans)]
        genes.append((strand, tuple((len(letters) + start, len(letters) + end) for start, end in spans)))
        letters += block + spacer(rng.randrange(50, 900), rng)
    return letters, genes


def poor_head(letters: str, genes: Genes, names: tuple[str, ...], seed: int) -> np.ndarray:
    """Answers that know half of the genes, and see others where there are none."""
    rng = random.Random(seed)
    labels = truth_labels(len(letters), [gene for gene in genes if rng.random() < 0.5], names)
    for _ in range(len(genes) // 3):
        at = rng.randrange(len(letters) - 300)
        labels[at : at + 300] = 1 + np.arange(300) % 3
    return answers(labels, len(names), noise=1.0, seed=seed)


def right(found: list, genes: Genes) -> int:
    return len({(gene.strand, gene.spans) for gene in found} & set(genes))


def test_a_genome_teaches_what_a_poor_head_does_not_know() -> None:
    letters, genes = genome(120, 1)
    contig = AnsweredContig("c", codes_of(letters), poor_head(letters, genes, UNSPLICED, 2))
    adaptation = adapt([contig], UNSPLICED, BACTERIAL)
    assert adaptation.statistics is not None and "AGGAGG" in adaptation.described()
    before = decode_genes(*contig, UNSPLICED, BACTERIAL)
    after = decode_genes(*contig, UNSPLICED, BACTERIAL, adaptation.statistics)
    assert right(before, genes) < 75 and right(after, genes) > 110 and len(after) < 130


def test_what_is_learnt_holds_for_contigs_that_were_not_seen() -> None:
    letters, genes = genome(120, 1)
    contigs = [AnsweredContig("c", codes_of(letters), poor_head(letters, genes, UNSPLICED, 2))]
    statistics = adapt(contigs, UNSPLICED, BACTERIAL).statistics
    letters, genes = genome(30, 3)
    silent = np.full((len(letters), len(UNSPLICED)), -np.log(len(UNSPLICED)))
    found = decode_genes("other", codes_of(letters), silent, UNSPLICED, BACTERIAL, statistics)
    assert decode_genes("other", codes_of(letters), silent, UNSPLICED, BACTERIAL) == []
    assert right(found, genes) > 25


def test_introns_teach_splice_sites() -> None:
    letters, genes = genome(45, 4, intron=True)
    contig = AnsweredContig("c", codes_of(letters), answers(truth_labels(len(letters), genes, SPLICED), 9, noise=2.0))
    adaptation = adapt([contig], SPLICED, EUKARYOTIC)
    assert adaptation.statistics is not None and adaptation.statistics.splice is not None
    assert adaptation.n_introns > 30
    assert right(decode_genes(*contig, SPLICED, EUKARYOTIC, adaptation.statistics), genes) >= 42


def test_too_few_genes_teach_nothing_and_that_is_said() -> None:
    letters, genes = genome(20, 5)
    contig = AnsweredContig("c", codes_of(letters), answers(truth_labels(len(letters), genes, UNSPLICED), 7, noise=0.5))
    adaptation = adapt([contig], UNSPLICED, BACTERIAL)
    assert adaptation.statistics is None and 0 < adaptation.coding_bp < LEAST_CODING_BP
    assert "not adapted" in adaptation.described() and f"{adaptation.coding_bp:,} bp" in adaptation.described()
    assert adapt([], UNSPLICED, BACTERIAL).statistics is None


@pytest.mark.parametrize("order", [1, -1])
def test_the_strand_and_the_order_of_contigs_do_not_matter(order: int) -> None:
    letters, genes = genome(110, 6)
    half = genes[50][1][0][0] - 40
    log_p = poor_head(letters, genes, UNSPLICED, 7)
    parts = [AnsweredContig("a", codes_of(letters[:half]), log_p[:half])]
    parts.append(AnsweredContig("b", codes_of(letters[half:]), log_p[half:]))
    columns = [0, 4, 5, 6, 1, 2, 3]
    turned = [AnsweredContig(c.chrom, 3 - c.bases[::-1], c.log_p_LK[::-1, columns]) for c in parts[::order]]
    one, other = adapt(parts, UNSPLICED, BACTERIAL), adapt(turned, UNSPLICED, BACTERIAL)
    assert one.n_genes == other.n_genes and one.statistics is not None and other.statistics is not None
    np.testing.assert_allclose(one.statistics.coding.nats, other.statistics.coding.nats)
    assert one.statistics.head_weight == pytest.approx(other.statistics.head_weight, abs=0.02)
