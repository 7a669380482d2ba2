"""Permutations by element: one to one, even, and decided by their keys."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.data.permutation import Permutation, keys_of, mixed


@given(n=st.integers(1, 400), seed=st.integers(0, 2**80))
def test_every_element_once(n: int, seed: int) -> None:
    order = Permutation(n, keys_of(seed))
    assert len(order) == n
    assert sorted(order[i] for i in range(n)) == list(range(n))
    for outside in (-1, n):
        with pytest.raises(IndexError):
            order[outside]


@given(n=st.integers(2**40, 2**62), seed=st.integers(0, 9))
def test_no_order_is_too_long(n: int, seed: int) -> None:
    order = Permutation(n, keys_of(seed))
    found = [order[i] for i in (0, 1, 2, n // 2, n - 1)]
    assert len(set(found)) == 5 and all(0 <= element < n for element in found)


def test_orders_of_few_elements_are_all_as_frequent() -> None:
    n_orders = 4800
    orders = (Permutation(4, keys_of(seed)) for seed in range(n_orders))
    counts = Counter(tuple(order[i] for i in range(4)) for order in orders)
    expected = n_orders / 24
    chi_square = sum((counts[order] - expected) ** 2 / expected for order in counts)
    assert len(counts) == 24
    assert chi_square < 49.7  # the 99.9 % point with 23 degrees of freedom


def test_neighbours_are_scattered() -> None:
    n = 100_000
    order = Permutation(n, keys_of(3))
    steps = [abs(order[i + 1] - order[i]) for i in range(3000)]
    assert 0.9 < sum(steps) / len(steps) / (n / 3) < 1.1  # the mean distance of two uniform numbers
    assert order[5] != Permutation(n, keys_of(4))[5]


def test_mixing_is_that_of_splitmix64() -> None:
    """The first outputs of its reference implementation from state 1234567."""
    state, golden = 1234567, 0x9E3779B97F4A7C15
    outputs = [mixed((state + i * golden) % 2**64) for i in range(3)]
    assert outputs == [6457827717110365317, 3203168211198807973, 9817491932198370423]
