"""FASTA: records from a stream, and random access over an index that is never taken on trust."""

from dna_mamba.io.fasta.reader import FastaReader, FastaRecord, Window, fasta_records, read_fasta

__all__ = ["FastaReader", "FastaRecord", "Window", "fasta_records", "read_fasta"]
