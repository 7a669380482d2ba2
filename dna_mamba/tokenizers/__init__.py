"""Sequences to token ids and back: nucleotide, k-mer and BPE behind one Protocol."""

from typing import TYPE_CHECKING, Any

from dna_mamba.errors import InputError
from dna_mamba.tokenizers.base import Tokenizer
from dna_mamba.tokenizers.kmer import KmerTokenizer
from dna_mamba.tokenizers.nucleotide import NucleotideTokenizer

if TYPE_CHECKING:
    from dna_mamba.tokenizers.bpe import BPETokenizer

__all__ = ["BPETokenizer", "KmerTokenizer", "NucleotideTokenizer", "Tokenizer", "from_config"]


def __getattr__(name: str) -> Any:
    """BPE imports its library only when it is asked for."""
    if name == "BPETokenizer":
        from dna_mamba.tokenizers.bpe import BPETokenizer

        return BPETokenizer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _class_of(kind: object) -> type[Tokenizer]:
    match kind:
        case "nucleotide":
            return NucleotideTokenizer
        case "kmer":
            return KmerTokenizer
        case "bpe":
            from dna_mamba.tokenizers.bpe import BPETokenizer

            return BPETokenizer
    raise InputError(f"unknown tokenizer kind {kind!r}", remedy="choose nucleotide, kmer or bpe")


def from_config(config: dict[str, Any]) -> Tokenizer:
    """The tokenizer that ``Tokenizer.to_config`` described.

    Raises:
        InputError: unknown kind, or keys or values its class does not take.
    """
    arguments = {key: value for key, value in config.items() if key != "kind"}
    tokenizer_class = _class_of(config.get("kind"))
    try:
        return tokenizer_class(**arguments)
    except (TypeError, ValueError) as error:
        raise InputError(f"tokenizer {config['kind']!r}: {error}", remedy="remove or correct the key") from None
