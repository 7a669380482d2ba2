"""Training: a loop that knows no task, and pretraining on it."""
