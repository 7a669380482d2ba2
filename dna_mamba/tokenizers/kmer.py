"""Words of k bases, overlapping or side by side."""

from itertools import groupby
from operator import index
from typing import Any

import numpy as np

from dna_mamba.alphabet import BASES, N_CODE, Codes, bases_of, encode_bases
from dna_mamba.errors import InputError
from dna_mamba.tokenizers.base import TokenIds, check_ids

_SPECIALS = ("<pad>", "<mask>", "<unk>")
_PAD, _MASK, _UNK = range(3)
_MAX_K = 10
_MULTIPLE = 8


class KmerTokenizer:
    """The k-mer at every ``stride``-th base: stride 1 gives every k-mer, stride k words side by side.

    Ids: ``<pad>`` 0, ``<mask>`` 1, ``<unk>`` 2, then the 4**k k-mers in the order of their letters (AA.., CA.. last
    letter fastest), rows rounded up to a multiple of 8. A k-mer that holds N or another IUPAC code is ``<unk>``.

    The bases left over after the last whole k-mer, ``tail_length(L)`` of them and always fewer than the stride
    (or all of a sequence shorter than k), become one ``<unk>``: no base is dropped and no sequence comes out empty.
    ``complement`` maps a k-mer to its reverse complement; the tokens of the other strand are the complements in
    reverse order exactly where there is no tail.

    Args:
        k: bases a word, 1 to 10.
        stride: bases from one word to the next, 1 to k.
    """

    kind = "kmer"
    pad_id, mask_id, unk_id = _PAD, _MASK, _UNK

    def __init__(self, k: int, stride: int = 1) -> None:
        if not 1 <= k <= _MAX_K:
            raise InputError(f"k={k} for k-mer tokens", remedy=f"choose 1 to {_MAX_K}")
        if not 1 <= stride <= k:
            raise InputError(
                f"stride={stride} for {k}-mer tokens", remedy=f"choose 1 to {k}, so that no base is skipped"
            )
        self.k, self.stride = index(k), index(stride)
        self.vocab_size = -(-(len(_SPECIALS) + 4**k) // _MULTIPLE) * _MULTIPLE

    @property
    def maskable_ids(self) -> TokenIds:
        """Ids of the k-mers, int64 (4**k,)."""
        return np.arange(len(_SPECIALS), len(_SPECIALS) + 4**self.k, dtype=np.int64)

    @property
    def base_ids(self) -> TokenIds | None:
        """Ids of A, C, G, T for k = 1, otherwise None."""
        return self.maskable_ids if self.k == 1 else None

    @property
    def complement(self) -> TokenIds:
        """Id of the reverse complement of each k-mer, int64 (vocab_size,); other ids stay."""
        forward = np.arange(4**self.k, dtype=np.int64)
        reverse = np.zeros_like(forward)
        for _ in range(self.k):
            reverse = reverse * 4 + (3 - forward % 4)
            forward //= 4
        complement_V = np.arange(self.vocab_size, dtype=np.int64)
        complement_V[self.maskable_ids] = reverse + len(_SPECIALS)
        return complement_V

    def n_words(self, length: int) -> int:
        """Whole k-mers in a sequence of ``length`` bases."""
        return 0 if length < self.k else (length - self.k) // self.stride + 1

    def tail_length(self, length: int) -> int:
        """Bases after the last whole k-mer, which become one ``<unk>``."""
        n_words = self.n_words(length)
        return length - (self.k + (n_words - 1) * self.stride) if n_words else length

    def encode(self, sequence: str | bytes) -> TokenIds:
        """Token ids, int64 (n_words + 1 with a tail,). Raises InputError for letters that are not IUPAC codes."""
        return self.encode_codes(encode_bases(sequence))

    def encode_codes(self, codes: Codes) -> TokenIds:
        """As ``encode``, from base codes of ``dna_mamba.alphabet``; the soft-mask bit is ignored."""
        bases = bases_of(codes)
        n_words = self.n_words(bases.size)
        words = np.zeros(n_words, dtype=np.int32)
        unknown = np.zeros(n_words, dtype=bool)
        has_unknown = bool((bases == N_CODE).any())
        for i in range(self.k):
            letter = bases[i : i + (n_words - 1) * self.stride + 1 : self.stride] if n_words else bases[:0]
            words *= 4
            words += letter
            if has_unknown:
                unknown |= letter == N_CODE
        ids = np.full(n_words + (self.tail_length(bases.size) > 0), _UNK, dtype=np.int64)
        np.add(words, len(_SPECIALS), out=ids[:n_words])
        ids[:n_words][unknown] = _UNK
        return ids

    def decode(self, ids: TokenIds) -> str:
        """Upper-case letters; N where no known k-mer covers a position; ``<mask>`` and ``<pad>`` by name.

        Gives back an encoded sequence that has no tail and no ACGT run shorter than k beside an N; a tail comes
        back as one stride of N.
        """
        ids = check_ids(ids, self.vocab_size)
        ids = np.where(ids >= len(_SPECIALS) + 4**self.k, _UNK, ids)
        pieces = []
        for is_special, run in groupby(ids.tolist(), key=lambda i: i in (_PAD, _MASK)):
            members = list(run)
            pieces += [_SPECIALS[i] for i in members] if is_special else [self._decode_run(members)]
        return "".join(pieces)

    def _decode_run(self, ids: list[int]) -> str:
        letters = ["N"] * (self.k + (len(ids) - 1) * self.stride)
        for i, token in enumerate(ids):
            if token != _UNK:
                letters[i * self.stride : i * self.stride + self.k] = self._letters(token)
        return "".join(letters)

    def _letters(self, token: int) -> str:
        word = token - len(_SPECIALS)
        return "".join(BASES[word >> 2 * i & 3] for i in reversed(range(self.k)))

    def to_config(self) -> dict[str, Any]:
        return {"kind": self.kind, "k": self.k, "stride": self.stride}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KmerTokenizer) and self.to_config() == other.to_config()

    def __hash__(self) -> int:
        return hash((self.k, self.stride))

    def __repr__(self) -> str:
        return f"KmerTokenizer(k={self.k}, stride={self.stride})"
