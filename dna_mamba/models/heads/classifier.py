"""Published classifiers: one answer a sequence, as Caduceus gives it."""

from typing import NamedTuple

from torch import Tensor, nn

from dna_mamba.models.config import ModelConfig
from dna_mamba.models.heads.config import HeadConfig
from dna_mamba.models.heads.task_model import TaskModel
from dna_mamba.models.model import StrandModel


class ClassifierOutput(NamedTuple):
    """What a classifier says of a batch of sequences: ``logits`` (B, num_labels) before softmax."""

    logits: Tensor


class SequenceClassifier(StrandModel):
    """One answer a sequence: hidden states are averaged over positions and scored; both strands' scores are averaged.

    As Caduceus does (Schiff et al. 2024): in modes ``shared`` and ``post-hoc`` a sequence and its reverse complement
    get the same answer. What it computes is a ``TaskModel`` with mean pooling; its files are those of others.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.score = nn.Linear(config.d_model, config.num_labels, bias=False)

    def forward(self, input_ids: Tensor, lengths: Tensor | None = None) -> ClassifierOutput:
        """Logits (B, num_labels) of token ids, int64 (B, L); ``lengths`` (B,) marks right padding."""
        scores = [self._score(hidden_BLD, lengths) for hidden_BLD in self.strands(input_ids, lengths).read]
        return ClassifierOutput(sum(scores[1:], scores[0]) / len(scores))

    def _score(self, hidden_BLD: Tensor, lengths: Tensor | None) -> Tensor:
        total_BD = hidden_BLD.sum(1)  # pads are zeros
        pooled_BD = total_BD / (hidden_BLD.shape[1] if lengths is None else lengths.to(total_BD.device)[:, None])
        scores_BK: Tensor = self.score(pooled_BD)
        return scores_BK

    def as_task_model(self) -> TaskModel:
        """The same function with a head of ours, whose classes are called 0, 1, ...; one label alone is a value.

        Weights of the encoder are shared.
        """
        n_labels = self.config.num_labels
        task = TaskModel.on(
            self,
            HeadConfig(
                task="regression" if n_labels == 1 else "classification",
                outputs=tuple(str(label) for label in range(n_labels)),
                window_bp=self.config.trained_window_bp,
            ),
        )
        task.set_linear(self.score.weight.detach().double().cpu().numpy())
        return task
