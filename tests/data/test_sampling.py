"""Sampling is a function of seed and index, and reads the genome evenly, from its first base to its last."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.data.sampling import WindowSampler
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval


def contigs(*lengths: int) -> list[Interval]:
    return [Interval(f"c{i}", 0, length) for i, length in enumerate(lengths)]


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
