"""Held-out sequence that stands in training too: found by shared k-mers on both strands, reported, excluded."""
