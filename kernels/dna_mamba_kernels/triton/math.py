# mypy: disable-error-code="untyped-decorator,no-untyped-def,no-untyped-call"
"""Functions inside the kernels. Coefficients are minimax fits, errors as stated before rounding."""

import triton
import triton.language as tl

LOG2_E = tl.constexpr(1.4426950408889634)


@triton.jit
def exp_minus_abs(x):
    """e^-|x|."""
    return tl.exp2(-tl.abs(x) * LOG2_E)


@triton.jit
def softplus(x):
    """log(1 + e^x) without overflow; relative error of a few float32 roundings, and that of the exponent, |x| 2^-24.

    log(1 + t) for t up to 1 is t times a polynomial (3.3e-8) that is exactly 1 at 0: the card's own logarithm loses
    what a small step size is made of, and a division would take another of its special functions.
    """
    t = exp_minus_abs(x)
    p = t * 0.0053648245148750495 - 0.030065793528242214
    p = p * t + 0.07920453839106024
    p = p * t - 0.137538026490735
    p = p * t + 0.1915365511655291
    p = p * t - 0.24857163720481976
    p = p * t + 0.33321322625457833
    p = p * t - 0.49999647963835947
    p = p * t + 1.0
    return tl.maximum(x, 0.0) + t * p


@triton.jit
def sigmoid(x):
    """1 / (1 + e^-x), also the derivative of softplus."""
    t = exp_minus_abs(x)
    return tl.where(x < 0, t, 1.0) / (t + 1.0)


@triton.jit
def silu(x):
    """X sigmoid(x)."""
    return x * sigmoid(x)


@triton.jit
def silu_slope(x):
    """The derivative of silu."""
    s = sigmoid(x)
    return s * (1.0 + x * (1.0 - s))
