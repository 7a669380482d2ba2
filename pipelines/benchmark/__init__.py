"""Models beside baselines on many labelled sets, in one table: ``python -m pipelines.benchmark --help``."""
