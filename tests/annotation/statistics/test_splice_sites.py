"""Splice sites of a genome: what is planted around the ends of introns is found there and nowhere else."""

import random

import numpy as np

from dna_mamba.annotation.statistics.splice_sites import SpliceLetters, pair_offsets
from tests.annotation.genes import codes_of, spacer

INTRON = "GTATGT{}CTGACC{}AG"


def genome(n: int) -> tuple[str, list[tuple[int, int]]]:
    rng = random.Random(6)
    letters, introns = spacer(200, rng), []
    for _ in range(n):
        intron = INTRON.format(spacer(rng.randrange(60, 90), rng), spacer(rng.randrange(8, 20), rng))
        introns.append((len(letters), len(letters) + len(intron)))
        letters += intron + spacer(300, rng)
    return letters, introns


def test_true_sites_score_above_all_others() -> None:
    text, introns = genome(60)
    letters, bases = SpliceLetters(), codes_of(text)
    letters.add(bases, introns)
    sites = letters.sites()
    assert letters.n_introns == 60 and "CTGACC" in sites.branch.consensus
    donors, acceptors = pair_offsets(bases, "GT"), pair_offsets(bases, "AG") + 2
    first, last = (np.array(ends) for ends in zip(*introns, strict=True))
    assert sites.donors(bases, first).min() > np.quantile(sites.donors(bases, np.setdiff1d(donors, first)), 0.99)
    assert sites.acceptors(bases, last).min() > np.quantile(sites.acceptors(bases, np.setdiff1d(acceptors, last)), 0.9)


def test_introns_that_begin_otherwise_are_left_out() -> None:
    text, introns = genome(3)
    letters = SpliceLetters()
    letters.add(codes_of(text.replace("GTATGT", "GCATGT", 1)), introns)
    letters.add(codes_of("ACGT"), [])
    assert letters.n_introns == 2
