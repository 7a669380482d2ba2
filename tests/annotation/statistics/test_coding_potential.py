"""Coding potential tells the frame that genes are read in from the others, and from other sequence."""

import random

import numpy as np
import pytest

from dna_mamba.annotation.statistics.coding_potential import CodingPotential, CodingWordCounts, words_of
from tests.annotation.genes import biased_gene, codes_of, spacer


def sums(potential: CodingPotential, letters: str) -> list[float]:
    """Of a stretch read in each frame."""
    nats = potential.nats[:, words_of(codes_of(letters))]
    return [sum(nats[(at - frame) % 3, at] for at in range(len(letters))) for frame in range(3)]


def learnt(n_genes: int) -> CodingPotential:
    rng = random.Random(1)
    counts = CodingWordCounts()
    for _ in range(n_genes):
        gene = biased_gene(100, rng)
        letters = spacer(300, rng) + gene + spacer(300, rng)
        counts.add(words_of(codes_of(letters)), [np.arange(300, 300 + len(gene))])
        counts.add(words_of(3 - codes_of(letters)[::-1]), [])
    return counts.potential()


def test_a_word_is_a_number_to_base_four() -> None:
    assert words_of(codes_of("ACGTNACGTAC")).tolist() == [4096] * 10 + [0b000110110001]
    assert words_of(codes_of("ACG")).tolist() == [4096] * 3


@pytest.mark.parametrize("n_genes", [10, 100])
def test_the_frame_of_genes_scores_above_the_others(n_genes: int) -> None:
    potential, rng = learnt(n_genes), random.Random(2)
    for _ in range(10):
        own, second, third = sums(potential, biased_gene(100, rng))
        assert own > 10 and own > max(second, third) + 20
        assert max(sums(potential, spacer(300, rng))) < 0


def test_nothing_is_said_where_nothing_is_known() -> None:
    assert learnt(3).nats[:, -1].tolist() == [0, 0, 0]
    assert np.allclose(CodingWordCounts().potential().nats, 0)
