"""Starts of a genome: which codons begin its genes, and what stands before them."""

import random

import numpy as np

from dna_mamba.annotation.codons import codon_signals
from dna_mamba.annotation.statistics.start_sites import StartLetters, StartSites
from tests.annotation.genes import biased_gene, codes_of, spacer

ATG, GTG, TTG, CTG = 14, 46, 62, 30


def learnt(leader: str, *, is_scanned: bool) -> StartSites:
    rng = random.Random(5)
    letters = StartLetters(codon_signals(11))
    for _ in range(150):
        gene = biased_gene(60, rng)
        text = spacer(40, rng) + leader + gene
        letters.add(codes_of(text), [np.arange(40 + len(leader), len(text))])
    letters.add(codes_of(spacer(50, rng)), [])
    return letters.sites(is_scanned=is_scanned)


def test_codons_count_by_how_often_they_begin_genes() -> None:
    nats = learnt("AGGAGGACACA", is_scanned=False).codon_nats
    assert nats[ATG] > 0 > nats[GTG] and nats[CTG] == -np.inf == nats[64]


def test_a_binding_site_before_the_start_counts() -> None:
    sites = learnt("AGGAGGACACA", is_scanned=False)
    assert sites.motif is not None and sites.motif.consensus in "AGGAGGACACA" and sites.around == ()
    with_it, without = (sites.at(codes_of("C" * 30 + leader + "ATGAAA"), np.array([30 + len(leader)]))
                        for leader in ("AGGAGGACACA", "CTCTCTCTCTC"))
    assert with_it[0] > without[0] + 3


def test_scanning_ribosomes_see_the_letters_around() -> None:
    sites = learnt("AAACAACC", is_scanned=True)
    assert sites.motif is None
    with_it, without = (sites.at(codes_of("C" * 30 + leader + "ATGAAA"), np.array([30 + len(leader)]))
                        for leader in ("AAACAACC", "TTTGTTGG"))
    assert with_it[0] > without[0] + 3
