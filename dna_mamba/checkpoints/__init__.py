"""Models on disk: the project's own format, integrity, packaged models."""

from dna_mamba.checkpoints.native import load_model, save_model, weights_sha256
from dna_mamba.checkpoints.packaged import PackagedModel, packaged_models, resolve

__all__ = ["PackagedModel", "load_model", "packaged_models", "resolve", "save_model", "weights_sha256"]
