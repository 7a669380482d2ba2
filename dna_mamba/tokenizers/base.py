"""What every tokenizer offers; models, data and scoring rely on nothing else."""

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import Codes
from dna_mamba.errors import InputError

TokenIds = NDArray[np.int64]


@runtime_checkable
class Tokenizer(Protocol):
    """Nucleotide sequences to token ids and back.

    Attributes:
        kind: the name under which ``tokenizers.from_config`` finds the class.
        vocab_size: rows of the embedding, padding of the vocabulary included.
        mask_id, pad_id, unk_id: special tokens; ``unk_id`` stands for N and other IUPAC codes.
        complement: int64 (vocab_size,), id of the reverse-complemented token, or None where tokens do not map to
            tokens under reverse complement (BPE); strand-symmetric models need it.
        base_ids: int64 (4,), ids of A, C, G, T, or None where a token is not one base.
        maskable_ids: int64 (K,), the ids a masked language model predicts (no specials, no unknown).
    """

    @property
    def kind(self) -> str: ...
    @property
    def vocab_size(self) -> int: ...
    @property
    def mask_id(self) -> int: ...
    @property
    def pad_id(self) -> int: ...
    @property
    def unk_id(self) -> int: ...
    @property
    def complement(self) -> TokenIds | None: ...
    @property
    def base_ids(self) -> TokenIds | None: ...
    @property
    def maskable_ids(self) -> TokenIds: ...

    def encode(self, sequence: str | bytes) -> TokenIds:
        """Token ids, int64 (L_tokens,). Raises InputError for letters that are not IUPAC nucleotide codes."""
        ...

    def encode_codes(self, codes: Codes) -> TokenIds:
        """As ``encode``, from base codes of ``dna_mamba.alphabet`` (L,) uint8; the soft-mask bit is ignored."""
        ...

    def decode(self, ids: TokenIds) -> str:
        """Letters of the ids; special tokens in angle brackets, as ``<mask>``."""
        ...

    def to_config(self) -> dict[str, Any]:
        """JSON-ready description, with key ``kind``, from which ``from_config`` makes an equal tokenizer."""
        ...


def check_ids(ids: TokenIds, vocab_size: int) -> TokenIds:
    """The ids as an int64 array (L,). Raises InputError for an id outside the vocabulary."""
    ids = np.asarray(ids, dtype=np.int64)
    outside = (ids < 0) | (ids >= vocab_size)
    if outside.any():
        at = int(np.argmax(outside))
        raise InputError(f"token id {ids[at]} at position {at} is outside a vocabulary of {vocab_size}")
    return ids
