"""Asking a model: opening it, batches, questions, likelihoods, pooling, estimates."""
