"""Attributions from gradients with respect to soft tokens: input x gradient, integrated gradients."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from dna_mamba.explain.explained import Explained


class GradientPath(NamedTuple):
    """Where on the straight way from the baseline (0) to the sequence (1) gradients are taken, and what each counts."""

    nodes: tuple[float, ...]
    weights: tuple[float, ...]

    @classmethod
    def end(cls) -> "GradientPath":
        """At the sequence alone."""
        return cls((1.0,), (1.0,))

    @classmethod
    def integral(cls, n_steps: int) -> "GradientPath":
        """Gauss-Legendre nodes: exact for polynomials of degree 2 n - 1."""
        return cls(*_gauss_legendre(n_steps))


@lru_cache
def _gauss_legendre(n_steps: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Nodes and weights on (0, 1); they cost the cube of their number."""
    nodes, weights = np.polynomial.legendre.leggauss(n_steps)
    return tuple(((nodes + 1) / 2).tolist()), tuple((weights / 2).tolist())


class Comparisons(NamedTuple):
    """Sequences of one batch, each with its baseline.

    Attributes:
        inputs_BLV, baselines_BLV: soft tokens, zeros past the ends.
        lengths_B: int64 (B,), None where all are equally long.
        outputs_B: which output is explained, int64 (B,).
    """

    inputs_BLV: Tensor
    baselines_BLV: Tensor
    lengths_B: Tensor | None
    outputs_B: Tensor

    def rows(self, which: Tensor) -> "Comparisons":
        """Some of them, by index, more than once if it says so."""
        lengths_B = None if self.lengths_B is None else self.lengths_B[which]
        return Comparisons(self.inputs_BLV[which], self.baselines_BLV[which], lengths_B, self.outputs_B[which])


def mean_gradients(score: Explained, ways: Comparisons, path: GradientPath, rows_at_a_time: int) -> Tensor:
    """Gradients of the score with respect to tokens, the mean over the path, float64 (B, L, V) on the CPU.

    Times ``input - baseline`` and summed over V it is what each position counts: with ``GradientPath.integral``
    integrated gradients (Sundararajan et al. 2017, eq. 1), which add up to the difference of both scores; with
    ``GradientPath.end`` input x gradient, off a uniform baseline with the correction of Majdandzic et al. 2023.
    """
    total_BLV = torch.zeros(ways.inputs_BLV.shape, dtype=torch.float64)
    for which, at, weight in _passes(len(ways.inputs_BLV), path, rows_at_a_time):
        rows = ways.rows(which.to(ways.inputs_BLV.device))
        at_BLV = at.to(rows.inputs_BLV)[:, None, None]
        tokens_BLV = (rows.baselines_BLV + at_BLV * (rows.inputs_BLV - rows.baselines_BLV)).requires_grad_()
        with torch.enable_grad():
            value = score(tokens_BLV, rows.lengths_B, rows.outputs_B).sum()
            (gradient_BLV,) = torch.autograd.grad(value, tokens_BLV)
        total_BLV.index_add_(0, which, gradient_BLV.cpu().double() * weight[:, None, None])
    return total_BLV


def _passes(n_sequences: int, path: GradientPath, rows_at_a_time: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Index of the sequence, place on its path and weight of each row, pass by pass."""
    which = torch.arange(n_sequences).repeat_interleave(len(path.nodes))
    nodes = torch.tensor(path.nodes, dtype=torch.float64).repeat(n_sequences)
    weights = torch.tensor(path.weights, dtype=torch.float64).repeat(n_sequences)
    for first in range(0, len(which), rows_at_a_time):
        here = slice(first, first + rows_at_a_time)
        yield which[here], nodes[here], weights[here]
