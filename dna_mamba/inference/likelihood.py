"""What a masked language model expects of the bases: from any pass, and at a site it cannot see."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dna_mamba.errors import InputError
from dna_mamba.inference.batch import pad
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.models.streaming import budget_of
from dna_mamba.sequences.windows import MaskedSite
from dna_mamba.tokenizers import Tokenizer
from dna_mamba.tokenizers.base import TokenIds


def base_ids(tokenizer: Tokenizer) -> NDArray[np.int64]:
    """Token ids of A, C, G, T, int64 (4,).

    Raises:
        InputError: a token of this tokenizer is not one base, so that masking one base means nothing to it.
    """
    if tokenizer.base_ids is None:
        raise InputError(
            f"the model's tokenizer {tokenizer.kind!r} has no token for a single base",
            remedy="use a model on nucleotide tokens",
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


@torch.inference_mode()
def masked_log_probabilities(model: MaskedLanguageModel, sites: Sequence[MaskedSite]) -> NDArray[np.float32]:
    """Natural log of p(base | window with its site masked) over A, C, G, T of each site, float32 (B, 4).

    Both strands are read whatever the model's mode; modes other than ``shared`` get the mean of both strands'
    logits. Normalising over the four bases or over all tokens gives the same differences between bases.

    Raises:
        InputError: the model does not read single bases, has no reverse complement, or gives NaN or infinity.
    """
    if max(len(site.codes) for site in sites) > budget_of(model.device).positions:
        logits_BV = torch.stack([_site_logits_streamed(model, site) for site in sites])
    else:
        logits_BV = _site_logits(model, sites)
    log_p_B4: NDArray[np.float32] = base_log_probabilities(model, logits_BV).cpu().numpy()
    return log_p_B4


def _masked_ids(tokenizer: Tokenizer, site: MaskedSite) -> TokenIds:
    """Token ids (L,) of a window with its site masked."""
    ids_L = tokenizer.encode_codes(np.frombuffer(site.codes, dtype=np.uint8))
    ids_L[site.offset] = tokenizer.mask_id
    return ids_L


def _site_logits(model: MaskedLanguageModel, sites: Sequence[MaskedSite]) -> Tensor:
    """Logits (B, V) at sites whose windows are run together."""
    batch = pad([_masked_ids(model.tokenizer, site) for site in sites], model)
    offsets_B = torch.tensor([site.offset for site in sites], device=model.device)
    return model.site_logits(batch.ids_BL, offsets_B, batch.lengths_B)


def _site_logits_streamed(model: MaskedLanguageModel, site: MaskedSite) -> Tensor:
    """Logits (V,) at the site of a long window, of whose output no more than a part exists at a time."""
    batch = pad([_masked_ids(model.tokenizer, site)], model)
    for part, output in model.stream(batch.ids_BL, both_strands=True):
        if site.offset < part.end:
            return output.logits[0, site.offset - part.start]
    raise AssertionError("the site lies in its window")
