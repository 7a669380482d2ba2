"""Attributions from mutants: every substitution of a sequence, asked of the model."""

from collections.abc import Sequence

import torch
from torch import Tensor

from dna_mamba.alphabet import Codes
from dna_mamba.explain.explained import Explained
from dna_mamba.explain.soft import base_columns, ids_of, known_bases
from dna_mamba.models import LoadedModel


@torch.no_grad()
def substitution_effects(
    score: Explained, model: LoadedModel, codes: Codes, output: int, rows_at_a_time: int
) -> tuple[float, Tensor]:
    """The score of a sequence, and how each substitution changes it, float64 (L, 4) on the CPU.

    0 at the base that is there, and where that is not A, C, G or T.
    """
    ids_L, columns_4 = ids_of(model.tokenizer, codes).to(model.device), base_columns(model)
    effects_L4 = torch.zeros(len(codes), 4, dtype=torch.float64)
    places = [
        (position, base)
        for position in torch.nonzero(known_bases(codes))[:, 0].tolist()
        for base in range(4)
        if columns_4[base] != ids_L[position]
    ]
    (unchanged,) = _scores(score, ids_L[None], output)
    for first in range(0, len(places), rows_at_a_time):
        some = places[first : first + rows_at_a_time]
        for (position, base), value in zip(some, _scores(score, _mutants(ids_L, columns_4, some), output), strict=True):
            effects_L4[position, base] = value - unchanged
    return unchanged, effects_L4


def _mutants(ids_L: Tensor, columns_4: Tensor, places: Sequence[tuple[int, int]]) -> Tensor:
    """Ids (B, L), each with one base exchanged."""
    rows_BL = ids_L.expand(len(places), -1).clone()
    positions, bases = torch.tensor(places, device=ids_L.device).T
    rows_BL[torch.arange(len(places), device=ids_L.device), positions] = columns_4[bases]
    return rows_BL


def _scores(score: Explained, ids_BL: Tensor, output: int) -> list[float]:
    outputs_B = torch.full((len(ids_BL),), output, dtype=torch.int64, device=ids_BL.device)
    values: list[float] = score(ids_BL, None, outputs_B).double().cpu().tolist()
    return values
