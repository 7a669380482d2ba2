"""Pretraining a masked language model on genomes."""
