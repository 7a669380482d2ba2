"""Heads: an encoder's hidden states to classes, values, labels of bases, tracks and effects of variants."""

from dna_mamba.models.heads.classifier import SequenceClassifier
from dna_mamba.models.heads.config import HeadConfig
from dna_mamba.models.heads.losses import UNLABELLED, LossSum, head_loss
from dna_mamba.models.heads.task_model import TaskModel, TaskOutput

__all__ = [
    "UNLABELLED",
    "HeadConfig",
    "LossSum",
    "SequenceClassifier",
    "TaskModel",
    "TaskOutput",
    "head_loss",
]
