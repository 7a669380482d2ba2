"""Selective scan, depthwise convolution, normalisation and products for Mamba models, with or without a compiler."""

from dna_mamba_kernels.backends import (
    Backend,
    BackendStatus,
    BackendUnavailableError,
    available_backends,
    choose_backend,
)
from dna_mamba_kernels.depthwise_conv import depthwise_conv
from dna_mamba_kernels.forks import survive_forks
from dna_mamba_kernels.products import linear
from dna_mamba_kernels.rms_norm import rms_norm
from dna_mamba_kernels.selective_scan import selective_scan

__all__ = [
    "Backend",
    "BackendStatus",
    "BackendUnavailableError",
    "available_backends",
    "choose_backend",
    "depthwise_conv",
    "linear",
    "rms_norm",
    "selective_scan",
    "survive_forks",
]
