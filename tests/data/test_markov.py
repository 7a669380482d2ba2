"""Markov baselines against counting with a dictionary."""

import math
from collections import Counter

import numpy as np
import pytest

from dna_mamba.alphabet import encode_bases, reverse_complement
from dna_mamba.data import words
from dna_mamba.data.markov import BaselineLoss, MarkovBaselines, best, markov_baselines, pooled


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


def random_text(length: int, seed: int) -> str:
    rng = np.random.default_rng(seed)
    return "".join(rng.choice(list("ACGTN"), p=[0.4, 0.2, 0.1, 0.25, 0.05], size=length))


def named(losses: list[BaselineLoss]) -> dict[str, BaselineLoss]:
    return {loss.name: loss for loss in losses}


def test_against_a_dictionary() -> None:
    train, held_out = random_text(900, 1), random_text(400, 2)
    losses = named(MarkovBaselines([encode_bases(train)], 7).losses([encode_bases(held_out)]))
    for order in range(1, 7):
        expected = brute_force(train, held_out, order, 0)
        assert losses[f"one-sided order {order}"].bits_per_base == pytest.approx(expected, rel=1e-12)
    for flank in range(1, 4):
        expected = brute_force(train, held_out, flank, flank)
        assert losses[f"two-sided {flank}+{flank}"].bits_per_base == pytest.approx(expected, rel=1e-12)


def test_all_are_made_and_the_best_found() -> None:
    codes = [encode_bases("ACGGT" * 200)]
    baselines = markov_baselines(codes, codes)
    assert [b.name for b in baselines] == [
        *(f"one-sided order {order}" for order in range(1, 13)),
        "one-sided interpolated order 12",
        *(f"two-sided {flank}+{flank}" for flank in range(1, 7)),
        "two-sided interpolated 6+6",
    ]
    assert best(baselines, "one-sided").bits_per_base == min(b.bits_per_base for b in baselines[:12])
    assert best(baselines, "two-sided interpolated") == baselines[-1]


def test_sequence_shorter_than_the_context() -> None:
    losses = named(MarkovBaselines([encode_bases("ACGT")], 9).losses([encode_bases("AC")]))
    assert math.isnan(losses["two-sided 4+4"].bits_per_base) and losses["two-sided 4+4"].n_bases == 0
    assert losses["one-sided order 1"].n_bases == 1 and losses["two-sided interpolated 4+4"].n_bases == 2


@pytest.mark.parametrize("chunk_bp", [7, 50])
def test_pieces_and_contigs_do_not_matter(monkeypatch: pytest.MonkeyPatch, chunk_bp: int) -> None:
    """What is read in pieces, many contigs together, is what each contig gives alone."""
    train = [encode_bases(random_text(3000, 1))]
    held_out = [encode_bases(random_text(length, length)) for length in (40, 0, 200, 3, 41)]
    baselines = MarkovBaselines(train, 7)
    alone = pooled([baselines.losses([codes]) for codes in held_out])
    monkeypatch.setattr(words, "_CHUNK_BP", chunk_bp)
    for one, other in zip(MarkovBaselines(train, 7).losses(held_out), alone, strict=True):
        assert one[:3] == other[:3] and one.n_bases == other.n_bases
        assert one.bits_per_base == pytest.approx(other.bits_per_base, rel=1e-12)


def test_interpolation_beats_every_single_context() -> None:
    """Sequence of a short rule with noise, where long contexts are too rare to say anything alone."""
    rng = np.random.default_rng(1)
    codes = np.zeros(40_000, dtype=np.uint8)
    for i in range(3, len(codes)):
        codes[i] = (codes[i - 1] + codes[i - 3]) % 4 if rng.random() < 0.4 else rng.integers(4)
    losses = MarkovBaselines([codes[:30_000]], 9).losses([codes[30_000:]])
    for side in ("one-sided", "two-sided"):
        margin = best(losses, side).bits_per_base - best(losses, f"{side} interpolated").bits_per_base
        assert margin > -1e-3


@pytest.mark.parametrize("name", ["one-sided order 3", "two-sided 2+2", "two-sided interpolated 3+3"])
def test_probabilities_are_what_the_losses_sum(name: str) -> None:
    train, held_out = (encode_bases(random_text(length, length)) for length in (2000, 300))
    baselines = MarkovBaselines([train], 7)
    baseline = named(baselines.losses([held_out]))[name]
    p_L4 = baselines.probabilities(held_out, baseline)
    known = (held_out < 4) & ~np.isnan(p_L4[:, 0])
    bits = -np.log2(p_L4[known, held_out[known]])
    assert len(bits) == baseline.n_bases and bits.mean() == pytest.approx(baseline.bits_per_base)


def test_progress_names_every_baseline() -> None:
    told: list[str] = []
    losses = markov_baselines([encode_bases("ACGT" * 30)], [encode_bases("ACGT" * 30)], report=told.append)
    assert told == [loss.name for loss in losses]
