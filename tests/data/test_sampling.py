"""Sampling is a function of seed and index, and reads the genome evenly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.data.sampling import WindowSampler
from dna_mamba.errors import InputError


def contigs(*lengths: int) -> dict[str, np.ndarray]:
    return {f"c{i}": np.zeros(length, dtype=np.uint8) for i, length in enumerate(lengths)}


LENGTHS = st.lists(st.integers(1, 500), min_size=1, max_size=4)


@given(LENGTHS, st.integers(1, 90), st.integers(0, 5), st.integers(0, 400))
def test_windows_lie_inside_and_depend_on_the_index_alone(lengths: list[int], size: int, seed: int, index: int) -> None:
    genome = contigs(*lengths)
    window = WindowSampler(genome, size, seed=seed, both_strands=True)[index]
    assert 0 <= window.start < window.end <= len(genome[window.chrom])
    assert window.end - window.start == min(size, len(genome[window.chrom]))
    fresh = WindowSampler(genome, size, seed=seed, both_strands=True)
    assert fresh[index + 7] is not None and fresh[index] == window


def test_an_epoch_reads_no_base_twice_and_nearly_all() -> None:
    genome = contigs(1000, 333)
    sampler = WindowSampler(genome, 20, seed=1, both_strands=False)
    seen = {chrom: np.zeros(len(codes), dtype=int) for chrom, codes in genome.items()}
    for index in range(sampler.windows_per_epoch):
        window = sampler[index]
        assert not window.reverse
        seen[window.chrom][window.start : window.end] += 1
    assert all(count.max() == 1 for count in seen.values())
    assert all((count == 0).sum() < 2 * 20 for count in seen.values())


def test_epochs_and_seeds_differ_and_strands_are_even() -> None:
    genome = contigs(100_000)
    sampler = WindowSampler(genome, 100, seed=1, both_strands=True)
    n = sampler.windows_per_epoch
    first, second = ([sampler[e * n + i] for i in range(n)] for e in (0, 1))
    assert {w.start for w in first} != {w.start for w in second}
    assert first != [WindowSampler(genome, 100, seed=2, both_strands=True)[i] for i in range(n)]
    assert 0.4 < np.mean([w.reverse for w in first]) < 0.6


def test_nothing_to_sample_is_refused() -> None:
    with pytest.raises(InputError, match="no sequence"):
        WindowSampler(contigs(0), 10, seed=0, both_strands=True)
