"""Planted copies are found on both strands where they stand, and nothing else is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dna_mamba.alphabet import N_CODE, Codes, reverse_complement_codes
from dna_mamba.data.leaks import search
from dna_mamba.data.leaks.matches import Matches
from dna_mamba.data.leaks.search import find_leaks, search_bp, training_matches
from dna_mamba.data.leaks.settings import LeakSettings
from dna_mamba.data.leaks.windows import WindowLeak
from dna_mamba.genome import Interval, Strand
from tests.data.leaks.planted import mutated, random_codes

TRAINING = random_codes(400_000, seed=1)
USUAL = LeakSettings()


def leaks_of(held_out: Codes, options: LeakSettings = USUAL, training: Codes = TRAINING) -> list[WindowLeak]:
    genome = {"held": held_out, "train": training}
    return find_leaks(genome, [Interval("held", 0, len(held_out))], [Interval("train", 0, len(training))], options)


def planted(identity: float, *, n_copies: int = 60) -> Codes:
    """Windows of 1 kb: copies of training, every other one reverse-complemented, each followed by one of its own."""
    held_out = random_codes(2000 * n_copies, seed=2)
    for copy in range(n_copies):
        start = 5000 * copy + 17
        codes = mutated(TRAINING[start : start + 1000], identity, seed=copy)[:1000]
        held_out[2000 * copy : 2000 * copy + len(codes)] = reverse_complement_codes(codes) if copy % 2 else codes
    return held_out


@pytest.mark.parametrize(
    ("sensitive", "identity", "least"),
    [
        (False, 1, 1),
        (False, 0.98, 1),
        (False, 0.95, 1),
        (False, 0.9, 0.75),
        (True, 1, 1),
        (True, 0.9, 1),
        (True, 0.85, 0.9),
    ],
)
def test_recall_of_copies(sensitive: bool, identity: float, least: float) -> None:
    leaks = leaks_of(planted(identity), LeakSettings(sensitive=sensitive))
    copies, others = leaks[::2], leaks[1::2]
    found = [leak for leak in copies if leak.share >= 0.5]
    assert len(found) >= least * len(copies)
    assert max(leak.share for leak in others) < 0.05
    for copy, leak in enumerate(copies):
        if leak.share < 0.5:
            continue
        assert leak.source is not None and leak.source.chrom == "train"
        assert leak.source.strand == (Strand.REVERSE if copy % 2 else Strand.FORWARD)
        assert abs(leak.source.start - 5000 * copy - 17) < 600 and len(leak.source) <= 1000
        assert leak.identity == pytest.approx(identity, abs=0.08)
    assert np.mean([leak.identity for leak in found]) == pytest.approx(identity, abs=0.02)


@pytest.mark.parametrize("reverse", [False, True])
def test_an_exact_copy_is_placed_to_some_bases(reverse: bool) -> None:
    copy = TRAINING[100_000:103_500]
    held_out = np.concatenate([random_codes(500, 3), reverse_complement_codes(copy) if reverse else copy])
    leaks = leaks_of(held_out)
    assert [leak.window for leak in leaks] == [Interval("held", i, i + 1000) for i in range(0, 4000, 1000)]
    assert leaks[0].share == pytest.approx(0.5, abs=0.03) and [leak.share for leak in leaks[1:3]] == [1.0, 1.0]
    source = leaks[1].source
    assert source is not None and len(source) == 1000 and leaks[1].identity == 1.0
    assert source.start == (102_000 if reverse else 100_500)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 3000), st.integers(1, 400), st.booleans(), st.integers(0, 50))
def test_strands_mirror_each_other(start: int, n_unknown: int, sensitive: bool, seed: int) -> None:
    """The share does not change where either side is read on the other strand."""
    held_out = np.concatenate([random_codes(300, seed), TRAINING[start : start + 700]])
    held_out[500 : 500 + n_unknown] = N_CODE
    options = LeakSettings(sensitive=sensitive)
    training = TRAINING[:8000]
    (one,) = leaks_of(held_out, options, training)
    (other,) = leaks_of(held_out, options, reverse_complement_codes(training))
    (mirrored,) = leaks_of(reverse_complement_codes(held_out), options, training)
    assert one.share == mirrored.share == other.share
    assert one.identity == pytest.approx(other.identity) == mirrored.identity


def test_known_bases_count_and_windows_without_any_are_left_out() -> None:
    held_out = np.concatenate([TRAINING[:600], np.full(2000, N_CODE, dtype=np.uint8)])
    (leak,) = leaks_of(held_out)
    assert leak.window == Interval("held", 0, 1000) and leak.share == pytest.approx(1, abs=0.05)


def test_parts_and_pieces_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    held_out = planted(0.97, n_copies=8)
    whole = leaks_of(held_out)
    monkeypatch.setattr(search, "HELD_OUT_BP", 4000)
    places, train = [Interval("held", 0, len(held_out))], [Interval("train", 0, len(TRAINING))]
    assert search_bp(places, train, USUAL) == 4 * len(TRAINING)
    searched: list[int] = []
    parts = find_leaks({"held": held_out, "train": TRAINING}, places, train, USUAL, searched.append)
    assert sum(searched) == 4 * len(TRAINING)
    assert [leak.window for leak in parts] == [leak.window for leak in whole]
    assert max(abs(one.share - other.share) for one, other in zip(parts, whole, strict=True)) < 0.02
    pieces = [Interval("train", start, start + 2000) for start in range(0, len(TRAINING), 2000)]
    cut = find_leaks({"held": held_out, "train": TRAINING}, places, pieces, USUAL)
    assert [leak.window for leak in cut] == [leak.window for leak in whole]
    assert max(abs(one.share - other.share) for one, other in zip(cut, whole, strict=True)) < 0.3
    assert [leak.share >= 0.5 for leak in cut] == [leak.share >= 0.5 for leak in whole]


def test_repeats_are_found_without_pairing_each_with_each(monkeypatch: pytest.MonkeyPatch) -> None:
    repeat = random_codes(500, seed=5)
    held_out = np.concatenate([np.concatenate([repeat, random_codes(500, 10 + i)]) for i in range(100)])
    training = np.concatenate([np.concatenate([repeat, random_codes(100, 200 + i)]) for i in range(100)])
    paired: list[int] = []
    monkeypatch.setattr(search, "match", lambda pairs, seeding: paired.append(len(pairs.held)) or Matches.none())  # type: ignore[func-returns-value]
    leaks = leaks_of(held_out, training=training)
    assert sum(paired) < 10_000  # those that reach past the repeat's ends; each with each would be 2,400,000
    assert all(leak.share == pytest.approx(0.5, abs=0.06) and leak.source is None for leak in leaks)


def test_training_stretches_cover_what_leaks() -> None:
    held_out = planted(0.97, n_copies=8)
    places, train = [Interval("held", 0, len(held_out))], [Interval("train", 0, len(TRAINING))]
    genome = {"held": held_out, "train": TRAINING}
    stretches = training_matches(genome, places, train, USUAL)
    assert len(stretches) == 8
    for copy, stretch in enumerate(stretches):
        assert abs(stretch.start - 5000 * copy - 17) < 60 and abs(len(stretch) - 1000) < 120
    assert training_matches(genome, [Interval("held", 1000, 2000)], train, USUAL) == []


def test_nothing_to_look_for() -> None:
    train = [Interval("train", 0, len(TRAINING))]
    assert find_leaks({"train": TRAINING, "e": TRAINING[:0]}, [Interval("e", 0, 0)], train, USUAL) == []
    (short,) = find_leaks({"train": TRAINING}, [Interval("train", 5, 15)], train, USUAL)
    assert short.share == 0 and short.source is None
