"""Counts of k-mers: the words of a sequence without their order, on one strand or on both."""

from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from dna_mamba.alphabet import Codes, bases_of
from dna_mamba.data.labelled.dataset import Labelled
from dna_mamba.training.finetune.linear.model import FeatureMatrix
from dna_mamba.training.finetune.problem import RowNumbers

LONGEST = 6
_ONE, _BOTH = "one strand", "both strands"
_PLACED = "letters and pairs at their places"
_AND_PLACED = f", and {_PLACED}"


class KmerTable:
    """How often each k-mer stands in a sequence, divided by how many it has; k-mers with N are left out.

    Kinds are ``k up to 4, one strand`` and the like, to k of six: all words of so many letters or fewer. On both
    strands a k-mer and its reverse complement are one. Where all sequences are of one length there are other kinds:
    ``letters and pairs at their places``, which base and which two bases stand at each position, and those beside the
    words of one strand to k of four and of six. Of variants the features are those of the window with REF and the
    change to that with ALT.
    """

    def __init__(self, data: Labelled) -> None:
        self._data = data
        words = [f"k up to {k}, {strands}" for k in range(3, LONGEST + 1) for strands in (_ONE, _BOTH)]
        placed = [_PLACED, *(f"k up to {k}, {_ONE}{_AND_PLACED}" for k in (4, LONGEST))]
        one_length = len({len(codes) for codes in data.sequences}) == 1 and data.alternatives is None
        self.kinds = (*words, *(placed if one_length else ()))
        self._matrix = cache(self._compute)

    def of(self, kind: str, rows: RowNumbers) -> FeatureMatrix:
        """A sparse matrix (rows, F)."""
        return self._matrix(kind)[rows]

    def _compute(self, kind: str) -> FeatureMatrix:
        data = self._data
        if kind == _PLACED:
            return csr_matrix(hstack([_placed(data.sequences, k) for k in (1, 2)]))
        if kind.endswith(_AND_PLACED):
            return csr_matrix(hstack([self._matrix(kind.removesuffix(_AND_PLACED)), self._matrix(_PLACED)]))
        k, both = int(kind.split()[3].rstrip(",")), kind.endswith(_BOTH)
        ref = hstack([self._counts(length, both, "ref") for length in range(1, k + 1)])
        if data.alternatives is None:
            return csr_matrix(ref)
        alt = hstack([self._counts(length, both, "alt") for length in range(1, k + 1)])
        return csr_matrix(hstack([ref, alt - ref]))

    def _counts(self, k: int, both: bool, which: str) -> csr_matrix:
        data = self._data
        sequences = data.sequences if which == "ref" or data.alternatives is None else data.alternatives
        return kmer_shares(sequences, k, both_strands=both)


def kmer_shares(sequences: Iterable[Codes], k: int, *, both_strands: bool) -> csr_matrix:
    """Shares of the k-mers of each sequence, float32 (n, 4 ** k), reverse complements counted as one or apart."""
    columns: list[NDArray[np.int64]] = []
    values: list[NDArray[np.float32]] = []
    ends = [0]
    complement = _canonical(k) if both_strands else None
    for codes in sequences:
        words = kmers_of(codes, k)
        words = words[words >= 0]
        if complement is not None:
            words = complement[words]
        found, counts = np.unique(words, return_counts=True)
        columns.append(found)
        values.append((counts / max(1, len(words))).astype(np.float32))
        ends.append(ends[-1] + len(found))
    parts = (np.concatenate(values), np.concatenate(columns), np.array(ends))
    return csr_matrix(parts, shape=(len(ends) - 1, 4**k))


def kmers_of(codes: Codes, k: int) -> NDArray[np.int64]:
    """Numbers of the k-mers at each position, first letter most significant, int64 (L - k + 1,); -1 with N."""
    bases = bases_of(codes).astype(np.int64)
    n_words = max(0, len(bases) - k + 1)
    words, unknown = np.zeros(n_words, dtype=np.int64), np.zeros(n_words, dtype=bool)
    for offset in range(k):
        here = bases[offset : offset + n_words]
        words = 4 * words + here
        unknown |= here > 3
    return np.where(unknown, -1, words)


@cache
def _canonical(k: int) -> NDArray[np.int64]:
    """The smaller of each k-mer and its reverse complement."""
    words = np.arange(4**k)
    rest, other = words, np.zeros_like(words)
    for _ in range(k):
        other = 4 * other + (3 - rest % 4)
        rest = rest // 4
    return np.minimum(words, other)


def _placed(sequences: Sequence[Codes], k: int) -> csr_matrix:
    """Which k-mer stands at each position of sequences of one length, float32 (n, places * 4 ** k)."""
    words_NL = np.stack([kmers_of(codes, k) for codes in sequences])
    rows, places = np.nonzero(words_NL >= 0)
    columns = places * 4**k + words_NL[rows, places]
    ones = np.ones(len(rows), dtype=np.float32)
    return csr_matrix((ones, (rows, columns)), shape=(len(words_NL), words_NL.shape[1] * 4**k))
