"""Published benchmarks: their tasks, metrics and splits, what others reached, and ours beside it."""
