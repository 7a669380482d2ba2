"""Sequences with labels: read from tables, FASTA, intervals, variants and signals, checked row by row."""
