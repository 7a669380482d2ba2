"""A training loop that knows no task."""
