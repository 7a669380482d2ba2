"""Spliced genes: found as they were made, and never better than the best that trying everything finds."""

import random
from itertools import pairwise

import numpy as np
import pytest

from dna_mamba.alphabet import reverse_complement
from dna_mamba.annotation.decode import decode_genes
from dna_mamba.annotation.evidence import MOST_NATS
from dna_mamba.annotation.options import DecoderOptions
from tests.annotation.genes import (
    SPLICED,
    Spans,
    answers,
    codes_of,
    coding_letters,
    every_gene,
    intron_letters,
    is_gene,
    spacer,
    truth_labels,
)

OPTIONS = DecoderOptions(genetic_code=1)


def spliced_contig(donor: str = "GT") -> tuple[str, list[tuple[str, Spans]]]:
    """Eight genes on both strands; introns after 0, 1 and 2 bases of a codon, none, and two."""
    rng = random.Random(5)
    letters = spacer(100, rng)
    genes: list[tuple[str, Spans]] = []
    for number in range(8):
        gene, at = coding_letters(100, rng), 0
        spans: list[tuple[int, int]] = []
        cuts: list[int] = [[], [99], [100], [101, 202]][number % 4]
        text = ""
        for cut in [*cuts, len(gene)]:
            spans.append((len(text), len(text) + cut - at))
            text += gene[at:cut] + (intron_letters(80, rng, donor) if cut < len(gene) else "")
            at = cut
        strand, first = "+-"[number >= 4], len(letters)
        if strand == "-":
            spans = [(len(text) - end, len(text) - start) for start, end in spans[::-1]]
        genes.append((strand, tuple((first + start, first + end) for start, end in spans)))
        letters += (text if strand == "+" else reverse_complement(text)) + spacer(120, rng)
    return letters, genes


@pytest.mark.parametrize("donor", ["GT", "GC"])
def test_genes_are_found_to_the_base(donor: str) -> None:
    letters, genes = spliced_contig(donor)
    assert all(is_gene(letters, *gene) for gene in genes)
    log_p = answers(truth_labels(len(letters), genes, SPLICED), len(SPLICED), noise=1.0)
    options = OPTIONS._replace(gc_donor_nats=0.0 if donor == "GC" else 5.0)
    found = decode_genes("c", codes_of(letters), log_p, SPLICED, options)
    assert [(gene.strand, gene.spans) for gene in found] == genes


def score_of(strand: str, spans: Spans, log_p: np.ndarray, letters: str, options: DecoderOptions) -> float:
    """The score of a gene from its definition, base by base."""
    labels = truth_labels(len(letters), [(strand, spans)], SPLICED)
    odds = options.evidence_weight * np.clip(log_p - log_p[:, :1], -MOST_NATS, MOST_NATS)
    nats = sum(odds[at, labels[at]] for at in range(spans[0][0], spans[-1][1]))
    donors = [
        letters[left : left + 2] if strand == "+" else reverse_complement(letters[right - 2 : right])
        for (_, left), (right, _) in pairwise(spans)
    ]
    price = options.gene_nats + sum(options.intron_nats + options.gc_donor_nats * (donor == "GC") for donor in donors)
    return float(nats - price)


@pytest.mark.parametrize("seed", range(12))
def test_nothing_better_exists(seed: int) -> None:
    rng = random.Random(seed)
    text = list(spacer(54, rng))
    for codon in ("ATG", "TAG", "CAT", "CTA", "GTG", "CAG"):  # many signals in few letters
        at = rng.randrange(50)
        text[at : at + 3] = codon
    letters = "".join(text)
    options = DecoderOptions(1, 0.7, 9, gene_nats=1.0, shortest_intron_bp=14, intron_nats=2.0, gc_donor_nats=1.0)
    log_p = np.log(np.random.default_rng(seed).dirichlet(np.full(len(SPLICED), 0.5), len(letters)) + 1e-4)
    found = decode_genes("c", codes_of(letters), log_p, SPLICED, options)
    assert all(is_gene(letters, gene.strand, gene.spans) for gene in found)
    for gene in found:
        assert gene.score == pytest.approx(score_of(gene.strand, gene.spans, log_p, letters, options))
    ends = {0: 0.0}
    best = [0.0] * (len(letters) + 1)
    every = [(spans, score_of(strand, spans, log_p, letters, options)) for strand, spans in every_gene(letters, 9, 14)]
    for end in range(1, len(letters) + 1):
        ending = [best[spans[0][0]] + nats for spans, nats in every if spans[-1][1] == end]
        best[end] = max([best[end - 1], *ending])
    assert ends[0] == 0 and sum(gene.score for gene in found) >= best[-1] - 1e-9
    if all(len(gene.spans) <= 2 for gene in found):
        assert sum(gene.score for gene in found) == pytest.approx(best[-1])


def test_a_stop_that_an_intron_interrupts_is_seen() -> None:
    """TA before the intron and A after it: the true labels say gene, the codon says no."""
    rng = random.Random(8)
    left, right = coding_letters(60, rng)[:-3] + "TA", "A" + coding_letters(60, rng)[3:]
    letters = spacer(60, rng) + left + intron_letters(70, rng) + right + spacer(60, rng)
    spans = ((60, 60 + len(left)), (60 + len(left) + 70, 60 + len(left) + 70 + len(right)))
    log_p = answers(truth_labels(len(letters), [("+", spans)], SPLICED), len(SPLICED), noise=0.5)
    for text, odds in ((letters, log_p), (reverse_complement(letters), log_p[::-1, [0, 4, 5, 6, 1, 2, 3, 8, 7]])):
        found = decode_genes("c", codes_of(text), odds, SPLICED, OPTIONS)
        assert found and all(is_gene(text, gene.strand, gene.spans) for gene in found)
