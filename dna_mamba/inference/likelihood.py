"""What a masked language model expects of the bases: off any pass, and at a site it cannot see."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dna_mamba.alphabet import BASES
from dna_mamba.errors import InputError
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.models.streaming import budget_of
from dna_mamba.sequences.windows import SiteWindow
from dna_mamba.tokenizers import Tokenizer


def base_ids(tokenizer: Tokenizer) -> NDArray[np.int64]:
    """Token ids of A, C, G, T, int64 (4,).

    Raises:
        InputError: a token of this tokenizer is not one base, so that masking one base means nothing to it.
    """
    if tokenizer.base_ids is None:
        raise InputError(
            f"the model's tokenizer {tokenizer.kind!r} has no token for a single base",
            remedy="score variants with a model on nucleotide tokens",
        )
    return tokenizer.base_ids


def base_log_probabilities(model: MaskedLanguageModel, logits: Tensor) -> Tensor:
    """Natural log of p(A, C, G, T), float32 (..., 4), from logits (..., V).

    Raises:
        InputError: the model does not read single bases, or its predictions are not finite.
    """
    columns = torch.from_numpy(base_ids(model.tokenizer)).to(logits.device)
    log_p = torch.log_softmax(logits[..., columns].float(), dim=-1)
    if not bool(torch.isfinite(log_p).all()):
        raise InputError("the model's predictions are not finite", remedy="its weights are damaged: use another copy")
    return log_p


def masked_ids(tokenizer: Tokenizer, windows: Sequence[SiteWindow]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Token ids (B, L) of windows with their sites masked, right-padded to the longest, and their lengths (B,)."""
    lengths = np.array([len(window.codes) for window in windows], dtype=np.int64)
    ids_BL = np.full((len(windows), lengths.max()), tokenizer.pad_id, dtype=np.int64)
    for ids_L, window in zip(ids_BL, windows, strict=True):
        ids_L[: len(window.codes)] = tokenizer.encode_codes(window.codes)
        ids_L[window.offset] = tokenizer.mask_id
    return ids_BL, lengths


@torch.inference_mode()
def masked_log_probabilities(model: MaskedLanguageModel, windows: Sequence[SiteWindow]) -> NDArray[np.float32]:
    """Natural log of p(base | window with its site masked) over A, C, G, T of each window, float32 (B, 4).

    Both strands are read whatever the model's mode; modes other than ``shared`` get the mean of both strands'
    logits. Normalising over the four bases or over all tokens gives the same differences between bases.

    Raises:
        InputError: the model does not read single bases, has no reverse complement, or gives NaN or infinity.
    """
    device = model.encoder.embedding.weight.device
    if max(len(window.codes) for window in windows) > budget_of(device).positions:
        logits_BV = torch.stack([_site_logits_streamed(model, window) for window in windows])
    else:
        logits_BV = _site_logits(model, windows)
    log_p_B4: NDArray[np.float32] = base_log_probabilities(model, logits_BV).cpu().numpy()
    return log_p_B4


def _site_logits(model: MaskedLanguageModel, windows: Sequence[SiteWindow]) -> Tensor:
    """Logits (B, V) at the sites of windows that are run together."""
    device = model.encoder.embedding.weight.device
    ids_BL, lengths = masked_ids(model.tokenizer, windows)
    is_even = bool((lengths == ids_BL.shape[1]).all())
    lengths_B = None if is_even else torch.from_numpy(lengths).to(device)
    logits_BLV = model.both_strands(torch.from_numpy(ids_BL).to(device), lengths_B).logits
    offsets = torch.tensor([window.offset for window in windows], device=device)
    return logits_BLV[torch.arange(len(windows), device=device), offsets]


def _site_logits_streamed(model: MaskedLanguageModel, window: SiteWindow) -> Tensor:
    """Logits (V,) at the site of a long window, of whose output no more than a part exists at a time."""
    ids_1L, _ = masked_ids(model.tokenizer, [window])
    ids = torch.from_numpy(ids_1L).to(model.encoder.embedding.weight.device)
    for part, output in model.stream(ids, both_strands=True):
        if window.offset < part.end:
            return output.logits[0, window.offset - part.start]
    raise AssertionError("the site lies in its window")


def log_likelihood_ratio(log_p_4: NDArray[np.float32], ref: str, alt: str) -> float:
    """LLR = ln p(alt) - ln p(ref) in nats, exact in float32; below zero where ``alt`` is less likely than ``ref``."""
    ratio = log_p_4[BASES.index(alt.upper())] - log_p_4[BASES.index(ref.upper())]
    return float(ratio + np.float32(0))  # -0.0 becomes 0.0
