"""Vectors of sequences."""
