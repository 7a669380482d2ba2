"""What a masked language model expects at sites it can see: probabilities of the bases off any pass."""

import torch
from torch import Tensor

from dna_mamba.errors import InputError
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.scoring.likelihood import base_ids


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
