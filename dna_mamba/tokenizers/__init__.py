"""Sequences to token ids and back: nucleotide, k-mer and BPE behind one Protocol."""

from typing import Any

from dna_mamba.errors import InputError
from dna_mamba.tokenizers.base import Tokenizer
from dna_mamba.tokenizers.nucleotide import NucleotideTokenizer

__all__ = ["NucleotideTokenizer", "Tokenizer", "from_config"]


def from_config(config: dict[str, Any]) -> Tokenizer:
    """The tokenizer that ``Tokenizer.to_config`` described.

    Raises:
        InputError: unknown kind, or keys or values its class does not take.
    """
    arguments = dict(config)
    kind = arguments.pop("kind", None)
    kinds = {"nucleotide": NucleotideTokenizer}
    if kind not in kinds:
        raise InputError(f"unknown tokenizer kind {kind!r}", remedy=f"choose one of {', '.join(kinds)}")
    try:
        return kinds[kind](**arguments)
    except TypeError as error:
        raise InputError(f"tokenizer {kind!r}: {error}", remedy="remove or correct the key") from None
