"""A model of ours behind the input that other tools of attribution give: one-hot sequences of A, C, G and T."""

import torch
from torch import Tensor, nn

from dna_mamba.explain.explained import HeadAnswer
from dna_mamba.explain.soft import base_columns, soft_dtype
from dna_mamba.models import TaskModel


class OneHotModel(nn.Module):
    """Reads float (B, 4, L), channels A, C, G, T, and gives (B, K): what tangermeme, Captum and their kin expect.

    Outputs are those that ``dna-mamba explain`` explains: log odds of classes, logits of labels, values in units of
    the data. A position whose four channels add up to less than 1, as tangermeme writes N, is N for the rest of it.
    Gradients reach the input. In evaluation mode nothing is random.

    Args:
        model: with a head for sequences, bases or tracks.
        at: of a head along the sequence, the 0-based position that is answered for; None is the middle.
    """

    def __init__(self, model: TaskModel, at: int | None = None) -> None:
        super().__init__()
        self.model = model.eval()
        self._at = at

    def forward(self, x_B4L: Tensor) -> Tensor:
        """(B, 4, L) to (B, K)."""
        bases_BL4 = x_B4L.transpose(1, 2).to(soft_dtype(self.model))
        columns_4, n_tokens = base_columns(self.model), self.model.tokenizer.vocab_size
        placed_4V = torch.zeros(4, n_tokens, dtype=bases_BL4.dtype, device=bases_BL4.device)
        placed_4V[torch.arange(4, device=placed_4V.device), columns_4] = 1
        unknown_V = torch.zeros(n_tokens, dtype=bases_BL4.dtype, device=bases_BL4.device)
        unknown_V[self.model.tokenizer.unk_id] = 1
        missing_BL1 = (1 - bases_BL4.detach().sum(-1, keepdim=True)).clamp(min=0)
        return HeadAnswer(self.model, self._at).all_outputs(bases_BL4 @ placed_4V + missing_BL1 * unknown_V, None)
