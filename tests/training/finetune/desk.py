"""A small model and labelled rows in a directory, and runs over them."""

import csv
import json
import random
from pathlib import Path
from typing import Any

from dna_mamba.checkpoints import save_model
from dna_mamba.training.finetune import FinetuneJob, Onlooker, read_finetune_recipe
from tests.worlds import small_model

QUICK = ("majority", "gc-length")
OUTPUTS = ("results.json", "predictions.tsv", "leaks.tsv", "model/model.safetensors", "model/config.json")


def furnish(directory: Path, n_rows: int = 60) -> Path:
    """``model`` and ``data.tsv``: GC-rich sequences are ``gc``, the others ``at``; ``y`` is the share of GC."""
    save_model(small_model(), directory / "model", force=True)
    draw = random.Random(5)
    lines = ["id\tsequence\tlabel\ty\tfold\tgroup"]
    for row in range(n_rows):
        is_gc = row % 2
        letters = draw.choices("ACGT", weights=(1, 2, 2, 1) if is_gc else (2, 1, 1, 2), k=draw.randint(24, 40))
        share = sum(letter in "GC" for letter in letters) / len(letters)
        cells = (f"r{row}", "".join(letters), ("at", "gc")[is_gc], f"{share:.4f}", f"{row % 3}", f"g{row % 7}")
        lines.append("\t".join(cells))
    (directory / "data.tsv").write_text("\n".join(lines) + "\n")
    return directory


def job_of(directory: Path, run: str, **flags: Any) -> FinetuneJob:
    """Over ``data.tsv``, with three folds and the quick baselines."""
    flags = {"model": str(directory / "model"), "data.files": [str(directory / "data.tsv")]} | {
        "folds.n_folds": 3,
        "baselines": QUICK,
    } | flags
    return FinetuneJob(read_finetune_recipe(None, flags), directory / run)


def results(directory: Path, run: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((directory / run / "results.json").read_text())
    return content


def read_predictions(directory: Path, run: str) -> list[dict[str, str]]:
    with (directory / run / "predictions.tsv").open() as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def outputs(directory: Path, run: str) -> dict[str, bytes]:
    return {name: (directory / run / name).read_bytes() for name in OUTPUTS}


SILENT = Onlooker()
