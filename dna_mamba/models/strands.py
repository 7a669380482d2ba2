"""How the two strands of DNA meet: reverse complements of token ids, and the joining of both strands' answers."""

from typing import NamedTuple

import torch
from torch import Tensor

from dna_mamba_kernels import linear


class ModelOutput(NamedTuple):
    """What a model says of a batch: ``logits`` (B, L, V) before softmax, ``hidden`` (B, L, C) after the final norm."""

    logits: Tensor
    hidden: Tensor


class Strands(NamedTuple):
    """Hidden states (B, L, D) of the strand given, and those of the other strand at the same positions.

    ``other`` is None where it was not read.
    """

    given: Tensor
    other: Tensor | None

    @property
    def read(self) -> list[Tensor]:
        """Those of one strand or of both."""
        return [self.given] if self.other is None else [self.given, self.other]


def mirror_index(ids_BL: Tensor, lengths_B: Tensor | None) -> Tensor:
    """int64 (B, L): where position l of the other strand lies on this one; pads stay where they are."""
    batch, length = ids_BL.shape[:2]
    positions_BL = torch.arange(length, device=ids_BL.device).expand(batch, length)
    if lengths_B is None:
        lengths_B = torch.full((batch,), length)
    ends_B1 = lengths_B.to(ids_BL.device)[:, None]
    return torch.where(positions_BL < ends_B1, ends_B1 - 1 - positions_BL, positions_BL)


def mirror(x_BLC: Tensor, index_BL: Tensor) -> Tensor:
    """Reverse (B, L, C) along the length by ``mirror_index``, or by a part of it."""
    return x_BLC.gather(1, index_BL[..., None].expand(-1, -1, x_BLC.shape[-1]))


def reverse_complement_ids(ids_BL: Tensor, complement_V: Tensor, lengths_B: Tensor | None = None) -> Tensor:
    """Token ids of the other strand, int64 (B, L); right padding stays on the right and is not complemented.

    Of soft tokens, floating point (B, L, V), the soft tokens of the other strand: complementing is its own inverse.
    """
    index_BL = mirror_index(ids_BL, lengths_B)
    if ids_BL.is_floating_point():
        return mirror(ids_BL, index_BL)[..., complement_V]  # what pads hold is never read
    mirrored_BL = complement_V[ids_BL.gather(1, index_BL)]
    if lengths_B is None:
        return mirrored_BL
    pads_BL = torch.arange(ids_BL.shape[1], device=ids_BL.device) >= lengths_B.to(ids_BL.device)[:, None]
    return torch.where(pads_BL, ids_BL, mirrored_BL)


def tied_logits(hidden_BLD: Tensor, embedding_VD: Tensor) -> Tensor:
    """Language-model logits (B, L, V) through the embedding: a product in float32 at least, outside of autocast."""
    wide = torch.promote_types(hidden_BLD.dtype, torch.float32)
    return linear(hidden_BLD.to(wide), embedding_VD.to(wide)).to(wide)


def join_shared(a_BLD: Tensor, b_BLD: Tensor, embedding_VD: Tensor, complement_V: Tensor) -> ModelOutput:
    """Join the strands as Caduceus-PS does: logits are summed, hidden is ``[a, flip over channels of b]`` (B, L, 2D).

    ``a_BLD`` is the forward strand's hidden state, ``b_BLD`` the reverse strand's, mirrored to the same positions.
    """
    logits_BLV = tied_logits(a_BLD, embedding_VD) + tied_logits(b_BLD, embedding_VD[complement_V])
    return ModelOutput(logits_BLV, torch.cat([a_BLD, b_BLD.flip(-1)], dim=-1))


def join_average(a_BLD: Tensor, b_BLD: Tensor, embedding_VD: Tensor, complement_V: Tensor) -> ModelOutput:
    """Average the strands: logits and hidden are the means of both strands' (B, L, V) and (B, L, D)."""
    logits_BLV = tied_logits(a_BLD, embedding_VD) + tied_logits(b_BLD, embedding_VD[complement_V])
    return ModelOutput(logits_BLV / 2, (a_BLD + b_BLD) / 2)
