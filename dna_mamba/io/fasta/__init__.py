"""FASTA: records from a stream, and random access over an index that is never taken on trust."""

from dna_mamba.io.fasta.reader import FastaReader, PaddedWindow, fasta_records, read_fasta, read_sequences
from dna_mamba.io.records import FastaRecord

__all__ = ["FastaReader", "FastaRecord", "PaddedWindow", "fasta_records", "read_fasta", "read_sequences"]
