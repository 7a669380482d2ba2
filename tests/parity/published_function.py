"""What a published checkpoint computes, written out as its papers do (Schiff et al. 2024; Zhai et al. 2024).

Nothing is folded or shared: both strands lie side by side in the channels, each direction has its own projections, and
the exchange of the strands in fused layers is done where it happens. The oracle for the loader, in the tensors' dtype.
Sizes: B batch, L length, D d_model, I d_inner, N d_state, V vocabulary.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

Tensors = dict[str, Tensor]
BACKBONE = "caduceus.backbone."


class Answer(NamedTuple):
    """``logits`` (B, L, V), or (B, num_labels) of a classifier; ``hidden`` (B, L, D), or (B, L, 2D) of both strands."""

    logits: Tensor
    hidden: Tensor


def published_function(config: dict[str, Any], tensors: Tensors, ids_BL: Tensor) -> Answer:
    """``tensors`` hold every name, tied copies too."""
    hidden = _backbone(config, _under(tensors, BACKBONE), ids_BL)
    head = _classify if "score.weight" in tensors else _predict
    return Answer(head(config, tensors, hidden), hidden)


def reverse_complement(config: dict[str, Any], ids_BL: Tensor) -> Tensor:
    return _complement_map(config)[ids_BL.flip(1)]


def _backbone(config: dict[str, Any], w: Tensors, ids_BL: Tensor) -> Tensor:
    rcps, fused = config["rcps"], config["fused_add_norm"]
    table_name = "embeddings.word_embeddings." + ("embedding.weight" if rcps else "weight")
    embedded_BLD = w[table_name][ids_BL]
    if rcps:
        other_BLD = w[table_name][reverse_complement(config, ids_BL)]
        embedded_BLD = torch.cat([embedded_BLD, other_BLD.flip(1, 2)], dim=-1)
    hidden, residual = embedded_BLD, torch.zeros_like(embedded_BLD)
    for layer in range(config["n_layer"]):
        here = _under(w, f"layers.{layer}.")
        residual = hidden + residual
        if rcps and fused:
            residual = torch.cat(residual.chunk(2, dim=-1)[::-1], dim=-1)
        hidden = _on_strands(config, lambda x: _norm(config, _under(here, "norm."), x), residual)  # noqa: B023
        hidden = _on_strands(config, lambda x: _both_directions(config, _under(here, "mixer."), x), hidden)  # noqa: B023
    return _on_strands(config, lambda x: _norm(config, _under(w, "norm_f."), x), hidden + residual)


def _on_strands(config: dict[str, Any], f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    if not config["rcps"]:
        return f(x)
    a, b = x.chunk(2, dim=-1)
    return torch.cat([f(a), f(b.flip(1, 2)).flip(1, 2)], dim=-1)


def _norm(config: dict[str, Any], w: Tensors, x: Tensor) -> Tensor:
    w = _under(w, "submodule.") or w
    if config["rms_norm"]:
        return x / (x.square().mean(-1, keepdim=True) + config["norm_epsilon"]).sqrt() * w["weight"]
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + config["norm_epsilon"]).sqrt() * w["weight"] + w["bias"]


def _both_directions(config: dict[str, Any], w: Tensors, x_BLD: Tensor) -> Tensor:
    w = _under(w, "submodule.") or w
    left = mamba(_under(w, "mamba_fwd."), x_BLD)
    right = mamba(_under(w, "mamba_rev."), x_BLD.flip(1)).flip(1)
    return left * right if config["bidirectional_strategy"] == "ew_multiply" else left + right


def mamba(w: Tensors, x_BLD: Tensor) -> Tensor:
    """Gu & Dao 2023, algorithm 2, with the gated projections around it."""
    (d_inner, d_state), taps = w["A_log"].shape, w["conv1d.weight"].shape[-1]
    u_BLI, z_BLI = F.linear(x_BLD, w["in_proj.weight"], w.get("in_proj.bias")).chunk(2, dim=-1)
    padded_BIL = F.pad(u_BLI.mT, (taps - 1, 0))
    u_BLI = F.silu(F.conv1d(padded_BIL, w["conv1d.weight"], w.get("conv1d.bias"), groups=d_inner)).mT
    dt_BLR, B_BLN, C_BLN = F.linear(u_BLI, w["x_proj.weight"]).split(
        (w["dt_proj.weight"].shape[1], d_state, d_state), dim=-1
    )
    delta_BLI = F.softplus(F.linear(dt_BLR, w["dt_proj.weight"], w["dt_proj.bias"]))
    A_IN = -w["A_log"].exp()
    h_BIN = u_BLI.new_zeros(len(u_BLI), d_inner, d_state)
    ys = []
    for u, delta, B, C in zip(*(t.unbind(1) for t in (u_BLI, delta_BLI, B_BLN, C_BLN)), strict=True):
        h_BIN = torch.exp(delta[..., None] * A_IN) * h_BIN + (delta * u)[..., None] * B[:, None]
        ys.append((h_BIN * C[:, None]).sum(-1) + w["D"] * u)
    return F.linear(torch.stack(ys, dim=1) * F.silu(z_BLI), w["out_proj.weight"], w.get("out_proj.bias"))


def _predict(config: dict[str, Any], tensors: Tensors, hidden: Tensor) -> Tensor:
    if not config["rcps"]:
        return hidden @ tensors["lm_head.weight"].T
    a_BLD, b_BLD = hidden.chunk(2, dim=-1)
    head_VD = tensors["lm_head.lm_head.weight"]
    return a_BLD @ head_VD.T + b_BLD.flip(2) @ head_VD[_complement_map(config)].T


def _classify(config: dict[str, Any], tensors: Tensors, hidden: Tensor) -> Tensor:
    if not config["rcps"]:
        return hidden.mean(1) @ tensors["score.weight"].T
    a_BLD, b_BLD = hidden.chunk(2, dim=-1)
    strands = torch.stack([a_BLD, b_BLD.flip(1, 2)])
    return (strands.mean(2) @ tensors["score.weight"].T).mean(0)


def _complement_map(config: dict[str, Any]) -> Tensor:
    return torch.tensor([config["complement_map"][str(i)] for i in range(len(config["complement_map"]))])


def _under(tensors: Tensors, prefix: str) -> Tensors:
    return {name.removeprefix(prefix): x for name, x in tensors.items() if name.startswith(prefix)}
