"""Random orders that are computed an element at a time: memory and set-up do not grow with what is ordered."""

from collections.abc import Sequence
from math import isqrt

import numpy as np

_64_BITS = (1 << 64) - 1
_ROUNDS = 8


def keys_of(*stream: int) -> tuple[int, ...]:
    """Keys of 64 bits that depend on nothing but these non-negative numbers."""
    return tuple(np.random.SeedSequence(stream).generate_state(_ROUNDS, np.uint64).tolist())


def mixed(value: int) -> int:
    """A number of 64 bits, each of which depends on all of ``value``'s 64.

    SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators", OOPSLA, figure 17).
    """
    value = (value + 0x9E3779B97F4A7C15) & _64_BITS
    value = ((value ^ value >> 30) * 0xBF58476D1CE4E5B9) & _64_BITS
    value = ((value ^ value >> 27) * 0x94D049BB133111EB) & _64_BITS
    return value ^ value >> 31


class Permutation:
    """``range(n)`` in an order that its keys decide: ``permutation[i]`` is the element at place i.

    A Feistel network over pairs of numbers below the root of n, rounded up, one round a key (Luby & Rackoff 1988, SIAM
    Journal on Computing 17, 373-386); what it maps past n is mapped again until it is not, which keeps it one to one
    (cycle walking: Black & Rogaway 2002, "Ciphers with arbitrary finite domains", CT-RSA, method 2).
    """

    def __init__(self, n: int, keys: Sequence[int]) -> None:
        self._n = n
        self._keys = tuple(keys)
        self._side = isqrt(max(0, n - 1)) + 1

    def __len__(self) -> int:
        return self._n

    def __getitem__(self, place: int) -> int:
        if not 0 <= place < self._n:
            raise IndexError(place)
        element = self._once(place)
        while element >= self._n:
            element = self._once(element)
        return element

    def _once(self, value: int) -> int:
        left, right = divmod(value, self._side)
        for key in self._keys:
            left, right = right, (left + mixed(key ^ right)) % self._side
        return left * self._side + right
