"""Sampling is a function of seed and index, and reads the genome evenly, from its first base to its last."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.data.sampling import SAMPLING_VERSION, Mixture, Window, WindowSampler
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval


def contigs(*lengths: int) -> list[Interval]:
    return [Interval(f"c{i}", 0, length) for i, length in enumerate(lengths)]


GOLDEN = [
    Window("c1", 2, 102, True),
    Window("c0", 54, 154, True),
    Window("c0", 3454, 3554, True),
    Window("c0", 4253, 4353, False),
]
LENGTHS = st.lists(st.integers(1, 500), min_size=1, max_size=4)


@given(LENGTHS, st.integers(1, 90), st.integers(0, 5), st.integers(0, 400))
def test_windows_lie_inside_and_depend_on_the_index_alone(lengths: list[int], size: int, seed: int, index: int) -> None:
    places = contigs(*lengths)
    window = WindowSampler(places, size, seed=seed, both_strands=True)[index]
    (place,) = (place for place in places if place.chrom == window.chrom)
    assert 0 <= window.start < window.end <= place.end
    assert window.end - window.start == min(size, len(place))
    fresh = WindowSampler(places, size, seed=seed, both_strands=True)
    assert fresh[index + 7] is not None and fresh[index] == window


def read_counts(sampler: WindowSampler, places: list[Interval], epochs: range) -> dict[str, np.ndarray]:
    """How often each base was read in some epochs."""
    seen = {place.chrom: np.zeros(place.end, dtype=int) for place in places}
    n = sampler.windows_per_epoch
    for index in range(epochs.start * n, epochs.stop * n):
        window = sampler[index]
        seen[window.chrom][window.start : window.end] += 1
    return seen


@given(st.lists(st.integers(1, 300), min_size=1, max_size=3), st.integers(1, 40), st.integers(0, 3))
def test_an_epoch_reads_every_base_once_but_for_what_its_offset_leaves(
    lengths: list[int], size: int, epoch: int
) -> None:
    places = contigs(*lengths)
    sampler = WindowSampler(places, size, seed=1, both_strands=False)
    for count in read_counts(sampler, places, range(epoch, epoch + 1)).values():
        assert count.max() == 1
        read = np.flatnonzero(count)
        assert (np.diff(read) == 1).all()  # one tiling without a gap
        assert len(count) - len(read) < 2 * size
        assert len(count) > size or len(read) == len(count)


@pytest.mark.parametrize("length", [100, 103, 45, 39, 21])
def test_over_epochs_the_first_and_the_last_base_are_read(length: int) -> None:
    places = contigs(length)
    sampler = WindowSampler(places, 20, seed=0, both_strands=False)
    count = read_counts(sampler, places, range(400))["c0"]
    assert count.min() > 0, f"never read: {np.flatnonzero(count == 0)}"


def test_pieces_are_named_by_their_place_on_the_contig() -> None:
    pieces = [Interval("c", 1000, 1100), Interval("c", 5000, 5010)]
    sampler = WindowSampler(pieces, 20, seed=0, both_strands=False)
    seen = read_counts(sampler, [Interval("c", 0, 6000)], range(200))["c"]
    read = np.flatnonzero(seen)
    assert read.tolist() == [*range(1000, 1100), *range(5000, 5010)]


def test_epochs_and_seeds_differ_and_strands_are_even() -> None:
    places = contigs(100_000)
    sampler = WindowSampler(places, 100, seed=1, both_strands=True)
    n = sampler.windows_per_epoch
    first, second = ([sampler[e * n + i] for i in range(n)] for e in (0, 1))
    assert {w.start for w in first} != {w.start for w in second}
    assert first != [WindowSampler(places, 100, seed=2, both_strands=True)[i] for i in range(n)]
    assert [w.start for w in first] != sorted(w.start for w in first)
    assert 0.4 < np.mean([w.reverse for w in first]) < 0.6


def test_nothing_to_sample_is_refused() -> None:
    with pytest.raises(InputError, match="no sequence"):
        WindowSampler(contigs(0), 10, seed=0, both_strands=True)


@given(st.lists(st.floats(0.001, 100), min_size=1, max_size=9), st.integers(1, 2000))
def test_a_mixture_counts_what_came_before_and_keeps_to_its_shares(shares: list[float], n: int) -> None:
    mixture = Mixture(shares)
    seen = [0] * len(shares)
    for index in range(n):
        group, rank = mixture[index]
        assert rank == seen[group]
        seen[group] += 1
    for count, share in zip(seen, shares, strict=True):
        assert abs(count - n * share / sum(shares)) <= 1 + len(shares).bit_length()


def test_densities_decide_how_often_bases_are_read() -> None:
    places = contigs(40_000, 10_000, 10_000, 7_000)
    sampler = WindowSampler(places, 20, seed=1, both_strands=False, densities=[1, 4, 4, 0])
    n = 12_000
    seen = {place.chrom: 0 for place in places}
    for index in range(n):
        window = sampler[index]
        seen[window.chrom] += window.end - window.start
    assert seen["c3"] == 0
    read = seen["c0"], seen["c1"] + seen["c2"]
    assert read[0] == pytest.approx(n * 20 / 3, rel=1e-3) and read[1] == pytest.approx(n * 40 / 3, rel=1e-3)
    assert seen["c1"] == pytest.approx(seen["c2"], rel=0.02)


def test_each_group_is_tiled_in_epochs_of_its_own() -> None:
    places = contigs(2_000, 1_000)
    sampler = WindowSampler(places, 20, seed=1, both_strands=False, densities=[1, 6])
    windows = [sampler[index] for index in range(400)]
    for chrom, n_windows in (("c0", 99), ("c1", 49)):
        own = [window.start for window in windows if window.chrom == chrom]
        assert len(own) >= n_windows
        for first in range(0, len(own) - n_windows + 1, n_windows):
            assert len(set(own[first : first + n_windows])) == n_windows


def test_equal_densities_change_nothing() -> None:
    places = contigs(500, 900)
    plain, dense = (WindowSampler(places, 20, seed=1, both_strands=True, densities=d) for d in (None, [3.0, 3.0]))
    assert [plain[i] for i in range(100)] == [dense[i] for i in range(100)]


def test_a_genome_of_any_size_is_sampled_at_once() -> None:
    places = [Interval(f"c{i}", 0, 10**13) for i in range(3)]
    sampler = WindowSampler(places, 1000, seed=0, both_strands=True)
    assert sampler.windows_per_epoch == 3 * (10**10 - 1)
    windows = [sampler[index] for index in (0, 1, 10**10, 10**12)]
    assert len(set(windows)) == 4 and all(window.end - window.start == 1000 for window in windows)


def test_samples_stay_what_they_were() -> None:
    """A change here is a change of every run: raise ``SAMPLING_VERSION`` with it."""
    sampler = WindowSampler(contigs(5_000, 300), 100, seed=7, both_strands=True, densities=[1, 2])
    assert SAMPLING_VERSION == 2
    assert [sampler[index] for index in (0, 1, 5, 1000)] == GOLDEN
