"""Sequences as soft tokens (L, V), through which gradients flow, and the sequence they are compared with."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional as F

from dna_mamba.alphabet import N_CODE, Codes, bases_of
from dna_mamba.inference.likelihood import base_ids
from dna_mamba.models import LoadedModel
from dna_mamba.tokenizers import Tokenizer

ComparedWith = Literal["mask", "uniform", "unknown"]
BASELINES: tuple[ComparedWith, ...] = get_args(ComparedWith)


def base_columns(model: LoadedModel) -> Tensor:
    """Columns of soft tokens that stand for A, C, G and T, int64 (4,), where the model is.

    Raises:
        InputError: a token of the model is not one base.
    """
    return torch.from_numpy(base_ids(model.tokenizer)).to(model.device)


def soft_dtype(model: LoadedModel) -> torch.dtype:
    """Of soft tokens: float32, or float64 where the weights are."""
    return torch.promote_types(model.dtype, torch.float32)


def one_hot(model: LoadedModel, ids: Tensor) -> Tensor:
    """Token ids, int64 (..., L), as soft tokens (..., L, V) of which one is 1."""
    return F.one_hot(ids, model.tokenizer.vocab_size).to(soft_dtype(model))


def known_bases(codes: Codes) -> Tensor:
    """Bool (L,): whether a position holds A, C, G or T; nothing else is ever compared with anything."""
    return torch.from_numpy(bases_of(codes) != N_CODE)


def baseline_tokens(model: LoadedModel, codes: Codes, kind: ComparedWith) -> Tensor:
    """Soft tokens (L, V) of what a sequence is compared with; other letters than A, C, G, T stay as they are.

    ``mask`` holds the token that hides a base from a language model, which it has learnt to read; ``uniform`` a quarter
    of each base at every position, ``unknown`` the token of N. All are the same from both strands, so that what a base
    counts does not depend on the strand that was given.
    """
    tokens_LV = one_hot(model, ids_of(model.tokenizer, codes).to(model.device))
    row_V = torch.zeros(tokens_LV.shape[-1], dtype=tokens_LV.dtype, device=tokens_LV.device)
    if kind == "uniform":
        row_V[base_columns(model)] = 1 / 4
    else:
        row_V[model.tokenizer.mask_id if kind == "mask" else model.tokenizer.unk_id] = 1
    return torch.where(known_bases(codes).to(tokens_LV.device)[:, None], row_V, tokens_LV)


def ids_of(tokenizer: Tokenizer, codes: Codes) -> Tensor:
    """Token ids, int64 (L,), of base codes."""
    return torch.from_numpy(tokenizer.encode_codes(codes))


def with_token(tokens: Tensor, position: int, token: int) -> Tensor:
    """Ids int64 (B, L), or soft tokens (B, L, V), with another token at one position; a copy."""
    changed = tokens.clone()
    if tokens.is_floating_point():
        changed[:, position] = 0
        changed[:, position, token] = 1
    else:
        changed[:, position] = token
    return changed


def padded(rows: Sequence[Tensor]) -> Tensor:
    """Soft tokens (L, V) of several sequences as one tensor (B, L, V), zeros past their ends."""
    return torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True)


@contextmanager
def frozen(model: LoadedModel, *, recompute: bool) -> Iterator[None]:
    """Without gradients of the weights, which nobody asks for; layers computed again in the backward pass, or kept."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    before, model.encoder.recompute = model.encoder.recompute, recompute
    for parameter in trained:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        model.encoder.recompute = before
        for parameter in trained:
            parameter.requires_grad_(True)
