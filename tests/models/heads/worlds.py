"""Small encoders with every kind of head, and sequences for them."""

import torch
from torch import Tensor

from dna_mamba.models import HeadConfig, TaskModel
from dna_mamba.models.config import ReverseComplement
from tests.worlds import small_model

JOINING: tuple[ReverseComplement, ...] = ("post-hoc", "shared")
STRANDED = {"outputs": ("plus", "minus", "neither"), "complement": (1, 0, 2)}
POOLED: tuple[dict[str, object], ...] = (
    {"task": "classification", "outputs": ("no", "yes")},
    {"task": "classification", "outputs": ("a", "b", "c"), "pooling": "max", "hidden": 5},
    {"task": "multilabel", "outputs": ("x", "y"), "pooling": "attention"},
    {
        "task": "regression",
        "outputs": ("level", "half_life"),
        "pooling": "center",
        "target_means": (3.0, -1.0),
        "target_scales": (2.0, 0.5),
    },
)
ALONG: tuple[dict[str, object], ...] = (
    {"task": "bases", **STRANDED},
    {"task": "bases", "outputs": ("open", "closed"), "hidden": 6},
    {"task": "tracks", "bin_bp": 4, **STRANDED},
    {"task": "tracks", "bin_bp": 3, "outputs": ("coverage",), "counts": True, "hidden": 4, "target_scales": (7.0,)},
)


def task_model(fields: dict[str, object], mode: ReverseComplement = "shared") -> TaskModel:
    """A head with weights large enough that all of it matters, in evaluation mode."""
    torch.manual_seed(11)
    model = TaskModel.on(small_model(mode), HeadConfig.model_validate(fields))
    with torch.no_grad():
        for parameter in [*model.head.parameters(), *([] if model.query is None else [model.query])]:
            parameter.normal_()
    return model.eval()


def bases(*shape: int, seed: int = 0) -> Tensor:
    """Token ids of A, C, G, T, and N."""
    return torch.randint(7, 12, shape, generator=torch.Generator().manual_seed(seed))
