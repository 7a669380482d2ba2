"""What every selective-scan backend takes and gives. Suffixes: B batch, L length, D d_inner, N d_state."""

from typing import NamedTuple

import torch
from torch import Tensor


class ScanInputs(NamedTuple):
    """Arguments of one scan, in the order of the operator's schema."""

    u_BLD: Tensor
    delta_BLD: Tensor
    A_DN: Tensor
    B_BLN: Tensor
    C_BLN: Tensor
    D_D: Tensor | None
    delta_bias_D: Tensor | None
    z_BLD: Tensor | None
    addend_BLD: Tensor | None
    initial_state_BDN: Tensor | None
    delta_softplus: bool
    reverse: bool

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """(batch, length, d_inner, d_state)."""
        batch, length, d_inner = self.u_BLD.shape
        return batch, length, d_inner, self.A_DN.shape[1]

    @property
    def tensors(self) -> tuple[Tensor | None, ...]:
        """The ten tensors, without the flags."""
        return (
            self.u_BLD, self.delta_BLD, self.A_DN, self.B_BLN, self.C_BLN, self.D_D, self.delta_bias_D, self.z_BLD,
            self.addend_BLD, self.initial_state_BDN,
        )  # fmt: skip

    @property
    def state_dtype(self) -> torch.dtype:
        """Dtype of the state and of every accumulation: float64 for float64 inputs, else float32."""
        return torch.float64 if self.u_BLD.dtype == torch.float64 else torch.float32


class ScanGradients(NamedTuple):
    """Gradients of the tensors in ``ScanInputs``, in their order; None where none was asked for."""

    u_BLD: Tensor | None
    delta_BLD: Tensor | None
    A_DN: Tensor | None
    B_BLN: Tensor | None
    C_BLN: Tensor | None
    D_D: Tensor | None
    delta_bias_D: Tensor | None
    z_BLD: Tensor | None
    addend_BLD: Tensor | None
    initial_state_BDN: Tensor | None

    def cast_like(self, inputs: ScanInputs) -> "ScanGradients":
        """Each gradient in the dtype of its tensor."""
        return ScanGradients(
            *(None if g is None or x is None else g.to(x.dtype) for g, x in zip(self, inputs.tensors, strict=True))
        )
