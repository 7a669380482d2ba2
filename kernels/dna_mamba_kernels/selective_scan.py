"""The selective scan as a torch operator: schema, shapes, gradient and dispatch to a backend."""

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from dna_mamba_kernels import chunked
from dna_mamba_kernels.backends import resolve_backend
from dna_mamba_kernels.native.scan import NativeScan
from dna_mamba_kernels.reference import selective_scan_reference
from dna_mamba_kernels.scan_types import ScanGradients, ScanInputs

_TENSOR_COUNT = len(ScanGradients._fields)


def selective_scan(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor | None = None,
    *,
    delta_bias: Tensor | None = None,
    delta_softplus: bool = False,
    z: Tensor | None = None,
    addend: Tensor | None = None,
    initial_state: Tensor | None = None,
    reverse: bool = False,
    backend: str | None = None,
) -> tuple[Tensor, Tensor]:
    """h_t = exp(delta_t A) h_{t-1} + delta_t B_t u_t,  y_t = C_t h_t + D u_t  (Gu & Dao 2023, eq. 2, algorithm 2).

    Args:
        u: input (batch, length, d_inner); any strides over batch and length, also for ``delta``, ``z``,
            ``addend``, ``B``, ``C``.
        delta: step sizes (batch, length, d_inner), before ``delta_bias`` and softplus.
        A: (d_inner, d_state), real.
        B: input projection (batch, length, d_state).
        C: output projection (batch, length, d_state).
        D: skip weights (d_inner,).
        delta_bias: added to ``delta`` (d_inner,).
        delta_softplus: pass ``delta + delta_bias`` through softplus.
        z: gate (batch, length, d_inner): the output is multiplied by silu(z).
        addend: added to the output before the gate (batch, length, d_inner): the other direction's, of two that share
            a gate.
        initial_state: state before the first position read (batch, d_inner, d_state); zeros when None.
        reverse: scan from the last position to the first: h_t depends on h_{t+1}.
        backend: one of ``available_backends()``; None lets ``choose_backend`` decide.

    Returns:
        ``y`` (batch, length, d_inner) in u's dtype, and the state after the last position read, (batch, d_inner,
        d_state), in float32 (float64 for float64 inputs), the precision of every accumulation.

    Raises:
        ValueError: shapes, dtypes or devices that do not fit together, or an unknown backend.
        BackendUnavailableError: a backend asked for by name that cannot run here.
    """
    inputs = ScanInputs(u, delta, A, B, C, D, delta_bias, z, addend, initial_state, delta_softplus, reverse)
    _check(inputs)
    chosen = resolve_backend(backend, u.device, u.dtype)
    if chosen == "reference":
        y, final_state = selective_scan_reference(
            u, delta, A, B, C, D, delta_bias_D=delta_bias, delta_softplus=delta_softplus, z_BLD=z,
            addend_BLD=addend, initial_state_BDN=initial_state, reverse=reverse,
        )  # fmt: skip
        return y.to(u.dtype), final_state
    save_states = torch.is_grad_enabled() and any(x is not None and x.requires_grad for x in inputs.tensors)
    y, final_state, _ = _scan(*inputs, chosen, save_states)
    return y, final_state


def _check(inputs: ScanInputs) -> None:
    u_BLD, A_DN = inputs.u_BLD, inputs.A_DN
    if u_BLD.dim() != 3 or A_DN.dim() != 2:
        raise ValueError(
            f"u must be (batch, length, d_inner) and A (d_inner, d_state), not {_say(u_BLD)}, {_say(A_DN)}"
        )
    batch, length, d_inner, d_state = inputs.sizes
    if d_state < 1 or not u_BLD.dtype.is_floating_point:
        raise ValueError(f"d_state must be at least 1 and u floating point, not {d_state} and {u_BLD.dtype}")
    per_position, per_state = (batch, length, d_inner), (batch, length, d_state)
    wanted = (per_position, per_position, (d_inner, d_state), per_state, per_state,
              (d_inner,), (d_inner,), per_position, per_position, (batch, d_inner, d_state))  # fmt: skip
    for name, tensor, shape in zip(ScanGradients._fields, inputs.tensors, wanted, strict=True):
        if tensor is None:
            continue
        if tuple(tensor.shape) != shape:
            raise ValueError(f"{name.rpartition('_')[0]} is {_say(tensor)}, not {shape} as u and A ask for")
        if tensor.device != u_BLD.device:
            raise ValueError(f"{name.rpartition('_')[0]} is on {tensor.device}, u on {u_BLD.device}")


def _say(tensor: Tensor) -> str:
    return str(tuple(tensor.shape))


@torch.library.custom_op("dna_mamba::selective_scan", mutates_args=())
def _scan(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor | None,
    delta_bias: Tensor | None,
    z: Tensor | None,
    addend: Tensor | None,
    initial_state: Tensor | None,
    delta_softplus: bool,
    reverse: bool,
    backend: str,
    save_states: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """(y, final_state, edge_states): the states at tile edges, kept for the backward when ``save_states``."""
    inputs = ScanInputs(u, delta, A, B, C, D, delta_bias, z, addend, initial_state, delta_softplus, reverse)
    return _implementation(backend).forward(inputs, save_states=save_states)


@torch.library.custom_op("dna_mamba::selective_scan_backward", mutates_args=())
def _scan_backward(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor | None,
    delta_bias: Tensor | None,
    z: Tensor | None,
    addend: Tensor | None,
    initial_state: Tensor | None,
    delta_softplus: bool,
    reverse: bool,
    backend: str,
    edge_states: Tensor,
    dy: Tensor,
    dfinal_state: Tensor | None,
    needs: Sequence[bool],
) -> list[Tensor]:
    """Gradients of the ten tensors, in order; an empty tensor for each one not in ``needs``."""
    inputs = ScanInputs(u, delta, A, B, C, D, delta_bias, z, addend, initial_state, delta_softplus, reverse)
    grads = _implementation(backend).backward(inputs, edge_states, dy, dfinal_state, needs)
    return [u.new_empty(0) if grad is None else grad for grad in grads]


class _Implementation(Protocol):
    """What a backend brings; ``chunked`` is the model to follow."""

    def forward(self, inputs: ScanInputs, *, save_states: bool) -> tuple[Tensor, Tensor, Tensor]: ...

    def backward(
        self, inputs: ScanInputs, edges: Tensor, dy_BLD: Tensor, dfinal_BDN: Tensor | None, needs: Sequence[bool]
    ) -> ScanGradients: ...

    def edge_states_shape(self, batch: int, length: int, d_inner: int, d_state: int) -> tuple[int, ...]: ...


def _implementation(backend: str) -> _Implementation:
    """The backend of that name; ``native:avx2`` is bound to that instruction set."""
    name, _, isa = backend.partition(":")
    if name == "triton":
        from dna_mamba_kernels.triton import scan  # importing triton takes a second that others need not wait

        return scan
    return NativeScan(isa or None) if name == "native" else chunked


@_scan.register_fake
def _(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor | None, delta_bias: Tensor | None,
    z: Tensor | None, addend: Tensor | None, initial_state: Tensor | None, delta_softplus: bool, reverse: bool,
    backend: str, save_states: bool,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    inputs = ScanInputs(u, delta, A, B, C, D, delta_bias, z, addend, initial_state, delta_softplus, reverse)
    batch, _, d_inner, d_state = inputs.sizes
    shape = _implementation(backend).edge_states_shape(*inputs.sizes) if save_states else (0,)
    state_dtype = inputs.state_dtype
    return (
        torch.empty_like(u, memory_format=torch.contiguous_format),
        u.new_empty(batch, d_inner, d_state, dtype=state_dtype),
        u.new_empty(shape, dtype=state_dtype),
    )


@_scan_backward.register_fake
def _(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor | None, delta_bias: Tensor | None,
    z: Tensor | None, addend: Tensor | None, initial_state: Tensor | None, delta_softplus: bool, reverse: bool,
    backend: str, edge_states: Tensor, dy: Tensor, dfinal_state: Tensor | None, needs: Sequence[bool],
) -> list[Tensor]:  # fmt: skip
    tensors = (u, delta, A, B, C, D, delta_bias, z, addend, initial_state)
    return [
        torch.empty_like(x, memory_format=torch.contiguous_format) if x is not None and need else u.new_empty(0)
        for x, need in zip(tensors, needs, strict=True)
    ]


def _setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
    *tensors_and_flags, backend, save_states = inputs
    _, _, edge_states = output
    ctx.mark_non_differentiable(edge_states)
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*tensors_and_flags[:_TENSOR_COUNT], edge_states)
    ctx.flags = (*tensors_and_flags[_TENSOR_COUNT:], backend)
    ctx.has_states = save_states


def _backward(ctx: Any, dy: Tensor | None, dfinal_state: Tensor | None, _: Tensor | None) -> tuple[Any, ...]:
    *tensors, edge_states = ctx.saved_tensors
    needs = list(ctx.needs_input_grad[:_TENSOR_COUNT])
    others = (None,) * 4
    if dy is None and dfinal_state is None:
        return (None,) * _TENSOR_COUNT + others
    if not ctx.has_states:
        _, _, edge_states = _scan(*tensors, *ctx.flags, True)
    if dy is None:
        dy = torch.zeros_like(tensors[0])
    grads = _scan_backward(*tensors, *ctx.flags, edge_states, dy, dfinal_state, needs)
    return tuple(grad if need else None for grad, need in zip(grads, needs, strict=True)) + others


_scan.register_autograd(_backward, setup_context=_setup_context)
