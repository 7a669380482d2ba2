"""One token a base: the vocabularies of the published Caduceus and PlantCaduceus checkpoints."""

from typing import Any, NamedTuple

import numpy as np

from dna_mamba.alphabet import BASES, N_CODE, SOFT_MASK, Codes, encode_bases
from dna_mamba.errors import InputError
from dna_mamba.tokenizers.base import TokenIds, check_ids


class Vocabulary(NamedTuple):
    """Names of the ids, in order; bases and N are single letters, ``unknown`` is what N and IUPAC codes become."""

    tokens: tuple[str, ...]
    unknown: str


VOCABULARIES = {
    "caduceus": Vocabulary(
        ("<cls>", "<sep>", "<bos>", "<mask>", "<pad>", "<reserved>", "<unk>", "A", "C", "G", "T", "N"), "N"
    ),
    "plantcaduceus": Vocabulary(("<pad>", "<mask>", "<unk>", "A", "C", "G", "T"), "<unk>"),
}
_MULTIPLE = 8
"""The published vocabularies are padded to a multiple of this many rows."""


class NucleotideTokenizer:
    """One token a base; case is ignored, U is read as T, N and the other IUPAC codes become ``unk_id``.

    No special token is ever added: SEP at one end would break the symmetry between the strands. With the Caduceus
    ids ``unk_id`` is the token N (11), as the published tokenizer emits, not its unused ``<unk>`` (6).
    With the PlantCaduceus ids it is ``<unk>`` (2), which ``decode`` writes as N. ``complement`` maps A to T and C to
    G and every other id to itself.

    Args:
        vocabulary: a name in ``VOCABULARIES``.
        vocab_size: rows of the embedding; default the tokens rounded up to a multiple of 8 (16 and 8).
    """

    kind = "nucleotide"

    def __init__(self, vocabulary: str = "caduceus", vocab_size: int | None = None) -> None:
        if vocabulary not in VOCABULARIES:
            raise InputError(
                f"unknown nucleotide vocabulary {vocabulary!r}", remedy=f"choose one of {', '.join(VOCABULARIES)}"
            )
        tokens, unknown = VOCABULARIES[vocabulary]
        padded = -(-len(tokens) // _MULTIPLE) * _MULTIPLE
        self.vocabulary = vocabulary
        self.vocab_size = padded if vocab_size is None else vocab_size
        if self.vocab_size < len(tokens):
            raise InputError(f"vocab_size {vocab_size} is below the {len(tokens)} tokens of {vocabulary!r}")
        self.mask_id, self.pad_id = tokens.index("<mask>"), tokens.index("<pad>")
        self.unk_id = tokens.index(unknown)
        self._id_of_code = self._code_table(tokens)
        # As for encode_bases, bytes.translate is the fastest table there is.
        self._translation = np.resize(self._id_of_code, 256).astype(np.uint8).tobytes()
        self._text_of_id = [*tokens, *(f"<unused{i}>" for i in range(len(tokens), self.vocab_size))]
        self._text_of_id[self.unk_id] = "N"

    @classmethod
    def caduceus(cls) -> "NucleotideTokenizer":
        """Ids of the Caduceus checkpoints: A 7, C 8, G 9, T 10, N 11, 16 rows."""
        return cls("caduceus")

    @classmethod
    def plantcaduceus(cls) -> "NucleotideTokenizer":
        """Ids of the PlantCaduceus checkpoints: A 3, C 4, G 5, T 6, N 2 (unknown), 8 rows."""
        return cls("plantcaduceus")

    def _code_table(self, tokens: tuple[str, ...]) -> TokenIds:
        table = np.full(2 * SOFT_MASK, self.unk_id, dtype=np.int64)
        for code, base in enumerate(BASES):
            table[[code, code | SOFT_MASK]] = tokens.index(base)
        return table

    @property
    def base_ids(self) -> TokenIds:
        """Ids of A, C, G, T, int64 (4,)."""
        return self._id_of_code[:N_CODE].copy()

    @property
    def maskable_ids(self) -> TokenIds:
        """The ids a masked language model predicts: the four bases."""
        return self.base_ids

    @property
    def complement(self) -> TokenIds:
        """Id of the complementary token, int64 (vocab_size,)."""
        complement_V = np.arange(self.vocab_size, dtype=np.int64)
        complement_V[self.base_ids] = self.base_ids[::-1]
        return complement_V

    def encode(self, sequence: str | bytes) -> TokenIds:
        """Token ids, int64 (L,). Raises InputError for letters that are not IUPAC nucleotide codes."""
        return self.encode_codes(encode_bases(sequence))

    def encode_codes(self, codes: Codes) -> TokenIds:
        """Token ids, int64 (L,), from base codes of ``dna_mamba.alphabet``; the soft-mask bit is ignored."""
        ids = np.frombuffer(codes.tobytes().translate(self._translation), dtype=np.uint8)
        return ids.astype(np.int64).reshape(codes.shape)

    def decode(self, ids: TokenIds) -> str:
        """Upper-case letters, special tokens in angle brackets."""
        ids = check_ids(ids, self.vocab_size)
        return "".join([self._text_of_id[i] for i in ids.tolist()])

    def to_config(self) -> dict[str, Any]:
        return {"kind": self.kind, "vocabulary": self.vocabulary, "vocab_size": self.vocab_size}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NucleotideTokenizer) and self.to_config() == other.to_config()

    def __hash__(self) -> int:
        return hash((self.vocabulary, self.vocab_size))

    def __repr__(self) -> str:
        return f"NucleotideTokenizer({self.vocabulary!r}, vocab_size={self.vocab_size})"
