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
    """log(1 + e^x) without overflow, relative error of a few float32 roundings for either sign.

    log(1 + t) is 2 atanh(t / (2 + t)), the polynomial an atanh(s) / s in s^2 (4.5e-9): the card's own logarithm
    loses what a small step size is made of.
    """
    t = exp_minus_abs(x)
    s = t / (t + 2.0)
    q = s * s
    p = q * 0.1400599335737662 + 0.140009026508748
    p = p * q + 0.20010763618328528
    p = p * q + 0.33333208142863524
    p = p * q + 1.0
    return tl.maximum(x, 0.0) + (s + s) * p


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
