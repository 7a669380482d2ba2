"""Pretraining: recipes, the loop, checkpoints, baselines."""
