"""How often each short word of bases stands in sequences of any length, both strands: exact, in one table.

Every position starts one longest word of known bases: 13 of them, or as many as there are before the sequence or the
known bases end. Counting these is enough, since each shorter word begins a longer one or is such a longest word itself.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import N_CODE, Codes, bases_of, reverse_complement_codes
from dna_mamba.data.genomes import ContigCodes

LONGEST_WORD = 13
"""Its 4 ** 13 counts take 256 MiB, those of all shorter words 87 MiB."""
_CHUNK_BP = 2**17
"""Sequences are read in pieces of about this length, which stay in cache; short ones are joined."""
_GAP = np.array([N_CODE], dtype=np.uint8)
_SMALL = 8
"""Words up to this length may occur more than 2 ** 32 times in many genomes."""


class Context(NamedTuple):
    """How many bases before and after a base are looked at."""

    left_bp: int
    right_bp: int

    @property
    def length(self) -> int:
        """Of the word, the base included."""
        return self.left_bp + 1 + self.right_bp


class OwnedPiece(NamedTuple):
    """Some of the sequences, with what lies beside it.

    Attributes:
        codes: uint8 (L,); an N stands between two sequences.
        own: bool (L,), True at the bases that belong to this piece, each of the sequences' to one; the others are there
            as context.
    """

    codes: Codes
    own: NDArray[np.bool_]


class WordCounts:
    """How often each word of 1 to ``longest`` bases stands on either strand of some sequences.

    Args:
        sequences: uint8 (L,) each; anything but A, C, G and T is in no word.
        longest: length of the longest words; all tables take 4 ** (longest + 1) / 3 numbers of 4 bytes, 8 if short.
    """

    def __init__(self, sequences: Iterable[ContigCodes], longest: int = LONGEST_WORD) -> None:
        self.longest = longest
        self._tables = [np.zeros(4**length, dtype=_dtype(length)) for length in range(longest + 1)]
        for piece in pieces(sequences, longest - 1, longest - 1):
            self._count(piece.codes, piece.own)
            self._count(reverse_complement_codes(piece.codes), piece.own[::-1])
        for length in range(longest - 1, 0, -1):
            by_last_base = self._tables[length + 1].reshape(-1, 4)
            for base in range(4):
                self._tables[length] += by_last_base[:, base].astype(_dtype(length), copy=False)

    def table(self, length: int) -> NDArray[np.unsignedinteger]:
        """Counts of all words of a length, (4 ** length,), in alphabetical order: A 0, C 1, G 2, T 3."""
        return self._tables[length]

    def in_contexts(
        self, codes: Codes, at_N: NDArray[np.int64], contexts: Iterable[Context]
    ) -> Iterator[tuple[Context, NDArray[np.float64], NDArray[np.bool_]]]:
        """How often A, C, G and T were counted between the neighbours of some bases, context by context.

        Args:
            codes: uint8 (L,), what the bases are part of.
            at_N: offsets of the bases in it; what stands there is not looked at.
            contexts: each has the bases of the one before, and more.

        Yields:
            The context, counts float64 (N, 4), and whether the context is whole and known, bool (N,); elsewhere the
            counts mean nothing.
        """
        margin = self.longest
        bases = np.pad(bases_of(codes), margin, constant_values=N_CODE)
        word_N, known_N = np.zeros(len(at_N), dtype=np.int64), np.ones(len(at_N), dtype=bool)
        left_bp, right_bp = 0, 0
        for context in contexts:
            for offset in (*range(-left_bp - 1, -context.left_bp - 1, -1), *range(right_bp + 1, context.right_bp + 1)):
                base_N = bases[at_N + (margin + offset)]
                known_N = known_N & (base_N < N_CODE)
                base_N = (base_N & 3).astype(np.int64)
                word_N = base_N << 2 * (left_bp + 1 + right_bp) | word_N if offset < 0 else word_N << 2 | base_N
                left_bp, right_bp = left_bp + (offset < 0), right_bp + (offset > 0)
            table = self._tables[context.length]
            counts_4N = [table[word_N | base << 2 * right_bp] for base in range(4)]
            yield context, np.stack(counts_4N, axis=1).astype(np.float64), known_N

    def _count(self, codes: Codes, own: NDArray[np.bool_]) -> None:
        """Add the longest words that start at the bases ``own``."""
        n = len(codes)
        bases = np.concatenate([bases_of(codes), np.full(self.longest, N_CODE, np.uint8)]).astype(np.int32)
        known = bases < N_CODE
        going = own & known[:n]
        word = bases[:n] & 3
        for length in range(1, self.longest):
            ends = going & ~known[length : length + n]
            if ends.any():
                np.add.at(self._tables[length], word[ends], _dtype(length)(1))
            going &= known[length : length + n]
            word = (word << 2) | (bases[length : length + n] & 3)
        np.add.at(self._tables[self.longest], word[going], _dtype(self.longest)(1))


def _dtype(length: int) -> type[np.unsignedinteger]:
    return np.uint64 if length <= _SMALL else np.uint32


def pieces(sequences: Iterable[ContigCodes], left_bp: int, right_bp: int) -> Iterator[OwnedPiece]:
    """Sequences in pieces of about ``_CHUNK_BP``: long ones cut, short ones joined, each base owned once, in order.

    A piece holds up to ``left_bp`` bases before and ``right_bp`` after those that it owns.
    """
    parts: list[Codes] = []
    owned: list[NDArray[np.bool_]] = []
    size = 0
    for codes in sequences:
        for start in range(0, len(codes), _CHUNK_BP):
            end = min(start + _CHUNK_BP, len(codes))
            part = codes[max(0, start - left_bp) : end + right_bp]
            own = np.zeros(len(part) + 1, dtype=bool)
            first = min(start, left_bp)
            own[first : first + end - start] = True
            parts += [part, _GAP]
            owned.append(own)
            size += end - start
            if size >= _CHUNK_BP:
                yield OwnedPiece(np.concatenate(parts), np.concatenate(owned))
                parts, owned, size = [], [], 0
    if parts:
        yield OwnedPiece(np.concatenate(parts), np.concatenate(owned))


def some_of(sequences: Sequence[ContigCodes], n_bp: int, piece_bp: int) -> list[Codes]:
    """About ``n_bp`` of some sequences, in slices of ``piece_bp`` spread evenly over them; all of shorter ones."""
    ends = np.cumsum([len(codes) for codes in sequences])
    total = int(ends[-1]) if len(ends) else 0
    if total <= n_bp:
        return [codes[0 : len(codes)] for codes in sequences]
    found = []
    for at in np.linspace(0, total - piece_bp, max(1, n_bp // piece_bp)).astype(np.int64):
        which = int(np.searchsorted(ends, at, side="right"))
        start = int(at - ends[which]) + len(sequences[which])
        found.append(sequences[which][start : start + piece_bp])
    return found
