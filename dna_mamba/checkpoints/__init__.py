"""Models on disk: the project's own format, published formats, the hub, integrity, packaged models."""

from dna_mamba.checkpoints.convert import convert
from dna_mamba.checkpoints.loading import load_model, locate, weights_sha256
from dna_mamba.checkpoints.native import save_model
from dna_mamba.checkpoints.packaged import PackagedModel, packaged_models, resolve

__all__ = [
    "PackagedModel",
    "convert",
    "load_model",
    "locate",
    "packaged_models",
    "resolve",
    "save_model",
    "weights_sha256",
]
