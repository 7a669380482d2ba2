"""Models with heads, small enough to run in a moment."""

import torch

from dna_mamba.annotation.labels import complement_of, label_names
from dna_mamba.models import HeadConfig, TaskModel
from tests.worlds import small_model

CLASSES = HeadConfig(task="classification", outputs=("no", "yes"))
VALUES = HeadConfig(task="regression", outputs=("a", "b"), target_means=(1.0, -2.0), target_scales=(3.0, 0.5))
_NAMES = label_names(spliced=False, untranslated=False)
GENES = HeadConfig(task="bases", outputs=_NAMES, complement=complement_of(_NAMES))
TRACKS = HeadConfig(task="tracks", outputs=("cov/1", "two"), bin_bp=8)


def head_model(head: HeadConfig = CLASSES, mode: str = "shared") -> TaskModel:
    """With weights large enough that answers differ."""
    model = TaskModel.on(small_model(mode), head).eval()  # type: ignore[arg-type]
    torch.manual_seed(5)
    with torch.no_grad():
        model.head.final.weight.normal_()
    return model
