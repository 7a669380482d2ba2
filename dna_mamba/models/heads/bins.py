"""Means over bins of positions, from parts that need not end where bins do."""

import torch
from torch import Tensor

from dna_mamba.models.mixer import at_least_float32


class BinMeans:
    """Takes parts of (B, L, C) from left to right and gives the mean of every ``bin_bp`` positions once it is whole."""

    def __init__(self, bin_bp: int) -> None:
        self._bin_bp = bin_bp
        self._left_BLC: Tensor | None = None

    def add(self, hidden_BLC: Tensor) -> Tensor:
        """Means (B, n, C), float32 at least, of the bins that this part completes; n may be 0."""
        if self._left_BLC is not None:
            hidden_BLC = torch.cat([self._left_BLC, hidden_BLC], dim=1)
        n_bins = hidden_BLC.shape[1] // self._bin_bp
        whole_BLC, left_BLC = hidden_BLC.tensor_split([n_bins * self._bin_bp], dim=1)
        self._left_BLC = left_BLC if torch.is_grad_enabled() else left_BLC.clone()  # not a view that keeps the part
        binned_BNLC = at_least_float32(whole_BLC).reshape(len(whole_BLC), n_bins, self._bin_bp, whole_BLC.shape[2])
        return binned_BNLC.mean(2)
