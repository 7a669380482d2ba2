"""Markov baselines against counting with a dictionary."""

import math
from collections import Counter

import numpy as np
import pytest

from dna_mamba.alphabet import encode_bases, reverse_complement
from dna_mamba.data.markov import best, markov_baselines, markov_loss


def brute_force(train: str, held_out: str, left: int, right: int) -> float:
    def contexts(sequence: str) -> list[tuple[str, str]]:
        places = range(left, len(sequence) - right)
        words = [(sequence[i - left : i] + "." + sequence[i + 1 : i + 1 + right], sequence[i]) for i in places]
        return [(context, base) for context, base in words if "N" not in context + base]

    counts = Counter(contexts(train) + contexts(reverse_complement(train)))
    bits = []
    for context, base in contexts(held_out):
        total = sum(counts[context, b] + 0.5 for b in "ACGT")
        bits.append(-math.log2((counts[context, base] + 0.5) / total))
    return sum(bits) / len(bits)


@pytest.mark.parametrize(("left", "right"), [(1, 0), (3, 0), (1, 1), (2, 2), (0, 0)])
def test_against_a_dictionary(left: int, right: int) -> None:
    rng = np.random.default_rng(5)
    train, held_out = ("".join(rng.choice(list("ACGTN"), p=[0.4, 0.2, 0.1, 0.25, 0.05], size=n)) for n in (700, 300))
    loss = markov_loss([encode_bases(train)], [encode_bases(held_out)], left, right)
    assert loss.bits_per_base == pytest.approx(brute_force(train, held_out, left, right), rel=1e-12)


def test_all_are_made_and_the_best_found() -> None:
    codes = {"c": encode_bases("ACGGT" * 200)}
    baselines = markov_baselines(codes, codes)
    assert [b.name for b in baselines][:2] == ["one-sided order 1", "one-sided order 2"]
    assert baselines[-1].name == "two-sided 5+5" and len(baselines) == 16
    assert best(baselines, "one-sided").bits_per_base == min(b.bits_per_base for b in baselines[:11])


def test_sequence_shorter_than_the_context() -> None:
    assert math.isnan(markov_loss([encode_bases("ACGT")], [encode_bases("AC")], 5, 5).bits_per_base)
