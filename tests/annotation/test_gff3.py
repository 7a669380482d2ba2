"""Genes from answers to GFF3 that other programs accept, whatever contigs, letters and genetic code there are."""

import random

import numpy as np
import pytest

from dna_mamba.alphabet import reverse_complement
from dna_mamba.annotation.decode import decode_genes
from dna_mamba.annotation.options import DecoderOptions
from dna_mamba.genome import Contig
from dna_mamba.io.gff.writer import gff3_header, gff3_rows
from tests.annotation.genes import SPLICED, UNSPLICED, Spans, answers, codes_of, intron_letters, spacer, truth_labels
from tests.annotation.gff3_checks import CheckedGene, checked_genes

Placed = tuple[str, list[tuple[str, Spans]]]
STARTS = {1: ("ATG",), 4: ("ATG", "GTG", "TTG"), 11: ("ATG", "GTG", "TTG")}
STOPS = {1: ("TAA", "TAG", "TGA"), 4: ("TAA", "TAG"), 11: ("TAA", "TAG", "TGA")}


def gene_letters(table: int, number: int, rng: random.Random) -> str:
    """A gene of each start and stop of the code in turn; of code 4 with TGA for tryptophan."""
    codons = [a + b + c for a in "ACGT" for b in "ACGT" for c in "ACGT" if a + b + c not in STOPS[table]]
    starts, stops = STARTS[table], STOPS[table]
    middle = rng.choices(codons, k=80 + number) + (["TGA"] if table == 4 else [])
    return starts[number % len(starts)] + "".join(middle) + stops[number % len(stops)]


def contig(table: int, *, spliced: bool, seed: int) -> Placed:
    """Six genes on both strands, with an intron after 0, 1 and 2 bases of a codon if ``spliced``."""
    rng = random.Random(seed)
    letters = spacer(60, rng)
    genes: list[tuple[str, Spans]] = []
    for number in range(6):
        gene, cut, strand = gene_letters(table, number, rng), 99 + number % 3, "+-"[number // 3]
        intron = intron_letters(70, rng) if spliced else ""
        text = gene[:cut] + intron + gene[cut:]
        spans = [(0, cut), (cut + len(intron), len(text))] if spliced else [(0, len(text))]
        if strand == "-":
            text, spans = reverse_complement(text), [(len(text) - b, len(text) - a) for a, b in spans[::-1]]
        genes.append((strand, tuple((len(letters) + a, len(letters) + b) for a, b in spans)))
        letters += text + spacer(80, rng)
    return letters, genes


def written(contigs: dict[str, Placed], names: tuple[str, ...], table: int, noise: float = 1.0) -> list[CheckedGene]:
    """Checked, from the answers of a head that mostly knows the genes."""
    lines = list(gff3_header([Contig(chrom, len(letters)) for chrom, (letters, _) in contigs.items()]))
    options = DecoderOptions(genetic_code=table)
    for chrom, (letters, genes) in contigs.items():
        log_p = answers(truth_labels(len(letters), genes, names), len(names), noise) if letters else np.zeros((0, 7))
        lines += gff3_rows(decode_genes(chrom, codes_of(letters), log_p, names, options))
    return checked_genes(lines, {chrom: letters for chrom, (letters, _) in contigs.items()}, table)


def placed(genes: list[CheckedGene], chrom: str) -> list[tuple[str, Spans]]:
    return [(gene.strand, gene.spans) for gene in genes if gene.chrom == chrom]


@pytest.mark.parametrize(("table", "spliced"), [(1, True), (1, False), (4, False), (11, False)])
def test_genes_of_a_code_are_whole_in_that_code(table: int, spliced: bool) -> None:
    world = {"z;1": contig(table, spliced=spliced, seed=1), "a 2": contig(table, spliced=spliced, seed=2)}
    found = written(world, SPLICED if spliced else UNSPLICED, table)
    assert all(placed(found, chrom) == genes for chrom, (_, genes) in world.items())
    assert all("W" in gene.protein for gene in found) or table != 4


@pytest.mark.parametrize("spliced", [True, False])
def test_answers_that_are_mostly_wrong_still_give_whole_genes(spliced: bool) -> None:
    world = {"c": contig(1, spliced=spliced, seed=3)}
    assert written(world, SPLICED if spliced else UNSPLICED, 1, noise=6.0)


def test_soft_masked_letters_are_the_same_bases() -> None:
    letters, genes = contig(11, spliced=False, seed=4)
    found = written({"c": (letters[:300] + letters[300:900].lower() + letters[900:], genes)}, UNSPLICED, 11)
    assert placed(found, "c") == genes


def test_unknown_letters_are_no_codons_that_begin_or_end_genes() -> None:
    letters, genes = contig(11, spliced=False, seed=5)
    (first, ((start, end),)), *_ = genes
    inside = letters[: start + 60] + "N" * 9 + letters[start + 69 :]
    assert first == "+" and placed(written({"c": (inside, genes)}, UNSPLICED, 11), "c") == genes
    without = letters[: end - 3] + "NNN" + letters[end:]
    found = placed(written({"c": (without, genes)}, UNSPLICED, 11), "c")
    assert found[-4:] == genes[2:] and all(spans[0][1] != end for _, spans in found)


def test_contigs_without_room_for_a_gene_have_none() -> None:
    world = {"empty": ("", []), "AT": ("AT", []), "n": ("N" * 400, []), "c": contig(11, spliced=False, seed=6)}
    found = written(world, UNSPLICED, 11)
    assert {gene.chrom for gene in found} == {"c"} and placed(found, "c") == world["c"][1]


@pytest.mark.parametrize("turned", [False, True])
def test_a_gene_over_the_origin_or_an_edge_is_not_written_in_part(turned: bool) -> None:
    """A circular contig opened inside a gene: of the gene neither piece has both its start and its stop."""
    letters, genes = contig(11, spliced=False, seed=7)
    (_, ((start, end),)), *others = genes
    opened = (start + end) // 2
    letters, moved = letters[opened:] + letters[:opened], [(s, ((a - opened, b - opened),)) for s, ((a, b),) in others]
    labels = truth_labels(len(letters), moved, UNSPLICED)
    for at in range(start, end):
        labels[(at - opened) % len(letters)] = 1 + (at - start) % 3
    if turned:
        letters, labels = reverse_complement(letters), np.array([0, 4, 5, 6, 1, 2, 3])[labels[::-1]]
        moved = [("-+"[s == "-"], ((len(letters) - b, len(letters) - a),)) for s, ((a, b),) in moved[::-1]]
    log_p = answers(labels, len(UNSPLICED), 1.0)
    lines = [*gff3_header([Contig("c", len(letters))])]
    lines += gff3_rows(decode_genes("c", codes_of(letters), log_p, UNSPLICED, DecoderOptions()))
    found = placed(checked_genes(lines, {"c": letters}, 11), "c")
    assert set(moved) <= set(found)
    pieces = [(0, end - opened), (len(letters) - (opened - start), len(letters))]
    if turned:
        pieces = [(len(letters) - b, len(letters) - a) for a, b in pieces]
    assert not any(spans == (piece,) for _, spans in found for piece in pieces)
