"""The encoder of one strand: embedding, a pre-norm residual stack of bidirectional mixers, a final norm."""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from dna_mamba.models.config import ModelConfig
from dna_mamba.models.context import SequencePart, mix_part
from dna_mamba.models.memory import affordable_budget
from dna_mamba.models.mixer import BidirectionalMixer, at_least_float32
from dna_mamba.models.streaming import Budget, budget_of, layer_at, parts_of, run_layers
from dna_mamba_kernels import rms_norm


class RMSNorm(nn.RMSNorm):
    """Torch's, by our kernel where it is faster; in the input's dtype, or in another one."""

    def __init__(self, d_model: int, eps: float) -> None:
        super().__init__(d_model)
        self.epsilon = eps

    def forward(self, x_BLD: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        return rms_norm(x_BLD, self.weight, self.epsilon, dtype=dtype)


class Layer(nn.Module):
    """``residual + mixer(norm(residual))``; the residual stays in its own dtype under autocast."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.norm = make_norm(config)
        self.mixer = BidirectionalMixer(config)

    def normed(self, residual_BLD: Tensor) -> Tensor:
        """What the mixer reads, in the dtype of its products: autocast's where that is on, else the weights'."""
        kind, dtype = residual_BLD.device.type, self.norm.weight.dtype
        if torch.is_autocast_enabled(kind):
            dtype = torch.get_autocast_dtype(kind)
        return normed(self.norm, residual_BLD, dtype)

    def forward(
        self, residual_BLD: Tensor, pad_BL1: Tensor | None = None, part: SequencePart | None = None
    ) -> Tensor:
        """(B, L, D) to (B, L, D), of whole sequences or of this process's part of them."""
        h_BLD = self.normed(residual_BLD)
        mixed_BLD: Tensor = self.mixer(h_BLD, pad_BL1) if part is None else mix_part(self.mixer, h_BLD, pad_BL1, part)
        return residual_BLD + mixed_BLD.to(residual_BLD.dtype)


class Encoder(nn.Module):
    """Token ids of one strand to hidden states.

    Attributes:
        recompute: recompute each layer in the backward pass instead of storing it: memory falls from all layers'
            activations to one layer's and a residual per layer, for about a third more time.
    """

    def __init__(self, config: ModelConfig, vocab_size: int, complement_V: Tensor | None = None) -> None:
        super().__init__()
        self.residual_in_fp32 = config.residual_in_fp32
        self.input_V: Tensor | None
        self.register_buffer("input_V", complement_V if config.complemented_input else None, persistent=False)
        self.embedding = nn.Embedding(vocab_size, config.d_model)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.n_layer))
        self.norm = make_norm(config)
        self.recompute = False

    def forward(
        self, ids_BL: Tensor, lengths_B: Tensor | None = None, part: SequencePart | None = None
    ) -> Tensor:
        """int64 (B, L), right-padded where ``lengths_B`` (B,) says so, to (B, L, D); pads come out as zeros.

        Soft tokens, floating point (B, L, V), are taken too: see ``embed``.

        With ``part`` ids and lengths are those of this process's part; the rows of the other strand, if it has any, are
        turned round as a whole, their padding first.
        """
        pad_BL1 = padding(ids_BL, lengths_B)
        if part is not None:
            part.check(ids_BL)
            pad_BL1 = None if pad_BL1 is None else part.turned(pad_BL1)
        if torch.is_grad_enabled() or part is not None:
            residual_BLD = self._differentiable(ids_BL, pad_BL1, part)
        else:
            residual_BLD = self.residual(ids_BL, lengths_B)
        hidden_BLD = self.normed(residual_BLD)
        return hidden_BLD if pad_BL1 is None else hidden_BLD.masked_fill(pad_BL1, 0)

    def normed(self, residual_BLD: Tensor) -> Tensor:
        """Hidden states: the residual stream after the final norm, in the weights' dtype."""
        return normed(self.norm, residual_BLD)

    def embed(self, ids_BL: Tensor) -> Tensor:
        """Where the residual stream starts, (B, L, D), of ids int64 (B, L) or of soft tokens (B, L, V).

        Soft tokens are how much of each token stands at a position: the embedding is the sum of theirs, weighted. Of
        one-hot rows it is that of the ids; gradients reach the weights given.
        """
        if ids_BL.is_floating_point():
            embedded_BLD = self._embed_soft(ids_BL)
        elif self.input_V is None:
            embedded_BLD = self.embedding(ids_BL)
        else:
            embedded_BLD = self.embedding(self.input_V[ids_BL]).flip(-1)
        return at_least_float32(embedded_BLD) if self.residual_in_fp32 else embedded_BLD

    def _embed_soft(self, tokens_BLV: Tensor) -> Tensor:
        """Products and sums in float32 at least, then in the dtype of the weights, under autocast too."""
        weight_VD = self.embedding.weight
        wide = torch.promote_types(torch.promote_types(tokens_BLV.dtype, weight_VD.dtype), torch.float32)
        rows_VD = weight_VD if self.input_V is None else weight_VD[self.input_V].flip(-1)
        with torch.autocast(tokens_BLV.device.type, enabled=False):
            return (tokens_BLV.to(wide) @ rows_VD.to(wide)).to(weight_VD.dtype)

    def _differentiable(self, ids_BL: Tensor, pad_BL1: Tensor | None, part: SequencePart | None) -> Tensor:
        residual_BLD = self.embed(ids_BL)
        for layer in self.layers:
            if self.recompute:
                residual_BLD = checkpoint(layer, residual_BLD, pad_BL1, part, use_reentrant=False)
            else:
                residual_BLD = layer(residual_BLD, pad_BL1, part)
        return residual_BLD

    @torch.no_grad()
    def residual(
        self,
        ids_BL: Tensor,
        lengths_B: Tensor | None = None,
        budget: Budget | None = None,
        *,
        n_layers: int | None = None,
        advance: Callable[[int], None] = lambda count: None,
    ) -> Tensor:
        """The residual stream (B, L, D) before the final norm, without gradients: see ``models.streaming``.

        ``n_layers`` runs only the first so many layers; ``advance`` is that of ``run_layers``.
        """
        residual_BLD = self._embed_in_parts(ids_BL)
        layers = cast(list[Layer], list(self.layers[:n_layers]))
        budget = budget or affordable_budget(ids_BL.device, residual_BLD.nbytes, self.embedding.weight.dtype)
        run_layers(layers, residual_BLD, padding(ids_BL, lengths_B), budget, advance)
        return residual_BLD


    @torch.no_grad()
    def hidden_at(self, ids_BL: Tensor, offset: int) -> Tensor:
        """Hidden states (B, 1, D) at one position of sequences of one length, without gradients."""
        residual_BLD = self.residual(ids_BL, n_layers=len(self.layers) - 1)
        budget = affordable_budget(ids_BL.device, residual_BLD.nbytes, self.embedding.weight.dtype)
        return self.normed(layer_at(cast(Layer, self.layers[-1]), residual_BLD, offset, budget))

    def _embed_in_parts(self, ids_BL: Tensor) -> Tensor:
        """As ``embed``; of the same in the weights' dtype, or mirrored, no more than a part exists."""
        parts = parts_of(ids_BL.shape[1], budget_of(ids_BL.device).positions)
        if len(parts) == 1:
            return self.embed(ids_BL)
        first_BLD = self.embed(ids_BL[:, :1])
        residual_BLD = first_BLD.new_empty(*ids_BL.shape[:2], first_BLD.shape[-1])
        for part in parts:
            residual_BLD[:, part.window] = self.embed(ids_BL[:, part.window])
        return residual_BLD


def make_norm(config: ModelConfig) -> RMSNorm | nn.LayerNorm:
    """The normalisation a configuration asks for."""
    if config.norm == "layer":
        return nn.LayerNorm(config.d_model, eps=config.norm_eps)
    return RMSNorm(config.d_model, config.norm_eps)


def normed(norm: RMSNorm | nn.LayerNorm, residual_BLD: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """(B, L, D) through a norm, in ``dtype``, that of its weight when None.

    The residual stream is normalised as it is: none of it is rounded before.
    """
    dtype = dtype or norm.weight.dtype
    if isinstance(norm, RMSNorm):
        hidden_BLD: Tensor = norm(residual_BLD, dtype)
        return hidden_BLD
    wide = torch.promote_types(residual_BLD.dtype, norm.weight.dtype)
    weight, bias = norm.weight.to(wide), norm.bias.to(wide)
    return F.layer_norm(residual_BLD.to(wide), norm.normalized_shape, weight, bias, norm.eps).to(dtype)


def padding(ids_BL: Tensor, lengths_B: Tensor | None) -> Tensor | None:
    """Bool (B, L, 1), True at positions past each sequence's end; None where there are none."""
    if lengths_B is None:
        return None
    positions_L = torch.arange(ids_BL.shape[1], device=ids_BL.device)
    return (positions_L >= lengths_B.to(ids_BL.device)[:, None])[..., None]
