"""Markov baselines against counting with a dictionary."""

import math
import time
from collections import Counter

import numpy as np
import pytest

from dna_mamba.alphabet import encode_bases, reverse_complement
from dna_mamba.data import markov
from dna_mamba.data.markov import best, count_words, markov_baselines, markov_loss


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
    codes = [encode_bases("ACGGT" * 200)]
    baselines = markov_baselines(codes, codes)
    assert [b.name for b in baselines][:2] == ["one-sided order 1", "one-sided order 2"]
    assert baselines[-1].name == "two-sided 5+5" and len(baselines) == 16
    assert best(baselines, "one-sided").bits_per_base == min(b.bits_per_base for b in baselines[:11])


def test_sequence_shorter_than_the_context() -> None:
    assert math.isnan(markov_loss([encode_bases("ACGT")], [encode_bases("AC")], 5, 5).bits_per_base)


def contigs(n: int, length: int) -> list[np.ndarray]:
    letters = np.random.default_rng(n).choice(list("ACGTacgtN"), size=(n, length))
    return [encode_bases("".join(row)) for row in letters]


def dictionary_of_both_strands(sequences: list[np.ndarray], left: int, right: int) -> Counter[int]:
    """Words one by one: the base in the lowest two bits, its context above, left to right."""
    counts: Counter[int] = Counter()
    for codes in sequences:
        for strand in ([int(c) & 7 for c in codes], [3 - (int(c) & 7) if int(c) & 7 < 4 else 4 for c in codes[::-1]]):
            for i in range(left, len(strand) - right):
                word = [*strand[i - left : i], *strand[i + 1 : i + 1 + right], strand[i]]
                if 4 not in word:
                    counts[int("".join(map(str, word)), 4)] += 1
    return counts


@pytest.mark.parametrize("chunk_bp", [7, 50, 2**17])
@pytest.mark.parametrize("counted", [1, 2**22])
def test_contigs_counted_together_are_counted_alone(
    monkeypatch: pytest.MonkeyPatch, chunk_bp: int, counted: int
) -> None:
    """No word spans two contigs, none is lost or doubled where a long contig is cut."""
    monkeypatch.setattr(markov, "_CHUNK_BP", chunk_bp)
    monkeypatch.setattr(markov, "_COUNTED_WORDS", counted)
    sequences = [*contigs(6, 9), *contigs(3, 130), *contigs(2, 0), *contigs(4, 2)]
    counts = count_words(sequences, 2, 1)
    expected = dictionary_of_both_strands(sequences, 2, 1)
    assert {int(word): int(counts[word]) for word in np.flatnonzero(counts)} == expected


@pytest.mark.parametrize("chunk_bp", [7, 2**17])
def test_contigs_asked_together_are_asked_alone(monkeypatch: pytest.MonkeyPatch, chunk_bp: int) -> None:
    monkeypatch.setattr(markov, "_CHUNK_BP", chunk_bp)
    train, held_out = contigs(1, 3000), [*contigs(5, 40), *contigs(2, 0), *contigs(3, 3), *contigs(1, 200)]
    together = markov_loss(train, held_out, 3, 1)
    alone = [loss for loss in (markov_loss(train, [codes], 3, 1) for codes in held_out) if loss.n_bases]
    assert together.n_bases == sum(loss.n_bases for loss in alone)
    total = sum(loss.bits_per_base * loss.n_bases for loss in alone)
    assert together.bits_per_base == pytest.approx(total / together.n_bases, rel=1e-12)


def test_scaffolds_take_about_the_time_of_one_contig_of_their_length() -> None:
    """A table of 4**12 counts for each of them would take minutes."""
    scaffolds = contigs(1000, 300)
    started = time.perf_counter()
    whole = count_words([np.concatenate(scaffolds)], 11, 0)
    seconds_whole = time.perf_counter() - started
    split = count_words(scaffolds, 11, 0)
    assert time.perf_counter() - started < 5 * seconds_whole + 2
    assert 0 < split.sum() < whole.sum()
