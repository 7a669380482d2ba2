"""Small models with heads, for explanations, in float64 so that what is exact can be seen to be."""

import torch

from dna_mamba.io.fasta import FastaRecord
from dna_mamba.models import HeadConfig, MaskedLanguageModel, TaskModel
from dna_mamba.models.config import ReverseComplement
from tests.worlds import small_model


def exact_model(mode: ReverseComplement = "post-hoc") -> MaskedLanguageModel:
    return small_model(mode).double()


def task_model(mode: ReverseComplement = "post-hoc", **head: object) -> TaskModel:
    """A head whose weights are large enough to matter."""
    chosen = {"task": "classification", "outputs": ("a", "b", "c"), "hidden": 8, **head}
    model = TaskModel.on(exact_model(mode), HeadConfig(**chosen)).double().eval()
    torch.manual_seed(5)
    with torch.no_grad():
        for parameter in model.head.parameters():
            parameter.normal_(std=0.4)
    return model


def records(*sequences: str) -> list[FastaRecord]:
    return [FastaRecord(f"s{number}", "", sequence.encode()) for number, sequence in enumerate(sequences)]
