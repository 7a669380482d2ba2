"""Sequences to token ids and back: nucleotide, k-mer and BPE behind one Protocol."""

from dna_mamba.tokenizers.base import Tokenizer
from dna_mamba.tokenizers.nucleotide import NucleotideTokenizer

__all__ = ["NucleotideTokenizer", "Tokenizer"]
