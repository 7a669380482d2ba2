"""The Triton scan as a backend. See the kernels for how work is split."""

from dna_mamba_kernels.triton.scan_backward import backward
from dna_mamba_kernels.triton.scan_forward import edge_states_shape, forward

__all__ = ["backward", "edge_states_shape", "forward"]
