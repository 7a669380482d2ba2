"""The loss of a head, and what a model in training says of rows it does not train on."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dna_mamba.data.labelled.dataset import Labelled
from dna_mamba.inference.batch import by_length, positions_per_pass
from dna_mamba.models import TaskModel
from dna_mamba.models.heads.losses import head_loss
from dna_mamba.training.finetune.problem import RowAnswers, RowNumbers
from dna_mamba.training.finetune.tuned.batches import TaskBatch, logits_of, windows_of

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


@dataclass(frozen=True)
class HeadObjective:
    """The loss of training batches under a model, matrix products in ``precision``; the objective of the loop.

    Dropout is a function of the batch, so that a run that was resumed draws what one that was not does.
    """

    model: TaskModel
    class_weights: Tensor | None
    precision: torch.dtype

    def __call__(self, batch: TaskBatch) -> Tensor:
        """The sum of losses, a scalar with its graph."""
        device = self.model.device
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(batch.noise_seed)
            with torch.autocast(device.type, dtype=self.precision, enabled=self.precision != torch.float32):
                logits_BK = logits_of(self.model, batch.windows)
        config = self.model.head_config
        return head_loss(config, logits_BK, batch.targets, class_weights=self.class_weights).total

    def weight(self, batch: TaskBatch) -> Tensor:
        """The sum of the weights, a float32 scalar."""
        if self.class_weights is not None and self.model.head_config.kind == "classes":
            return self.class_weights[batch.targets].sum()
        return batch.targets.new_tensor(float(batch.targets.numel()), dtype=torch.float32)

    def tokens(self, batch: TaskBatch) -> int:
        """Tokens that are read, padding left out."""
        return sum(
            ids_BL.numel() if lengths_B is None else int(lengths_B.sum()) for ids_BL, lengths_B in batch.windows
        )


@torch.no_grad()
def logits_of_rows(model: TaskModel, data: Labelled, rows: RowNumbers) -> Tensor:
    """Logits (rows, K), of bins (rows, bins, K), float32 on the CPU, as in evaluation; the model's mode stays."""
    was_training = model.training
    model.eval()
    head = model.head_config
    lengths = [len(data.sequences[row]) for row in rows.tolist()]
    along = () if head.bin_bp is None else (max(lengths, default=0) // head.bin_bp,)
    out = torch.empty(len(rows), *along, len(head.outputs))
    for batch in by_length(lengths, len(lengths), positions_per_pass(model)):
        out[batch] = logits_of(model, windows_of(model, data, [int(rows[i]) for i in batch])).float().cpu()
    model.train(was_training)
    return out


def answers_for(model: TaskModel, data: Labelled, rows: RowNumbers) -> RowAnswers:
    """Probabilities or values, float64 (rows, K), of bins (rows * bins, K)."""
    answers = np.asarray(model.answers(logits_of_rows(model, data, rows).double()).numpy())
    return answers.reshape(-1, answers.shape[-1])


def loss_on(model: TaskModel, data: Labelled, targets: Tensor, rows: RowNumbers, class_weights: Tensor | None) -> float:
    """Mean loss of some rows, in evaluation mode."""
    logits = logits_of_rows(model, data, rows)
    weights = None if class_weights is None else class_weights.cpu()
    return float(head_loss(model.head_config, logits, targets[rows], class_weights=weights).mean)


