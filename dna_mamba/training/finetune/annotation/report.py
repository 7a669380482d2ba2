"""What a run for annotation found: results, the table, the model's card."""

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dna_mamba.checkpoints import load_model, save_model
from dna_mamba.data.labelled.annotation import LabelledGenomes
from dna_mamba.io.atomic import atomic_output
from dna_mamba.training.finetune.annotation.judging import LevelScores
from dna_mamba.training.finetune.annotation.windows import LabelledStretch
from dna_mamba.training.finetune.outputs.directory import MODEL, TRAININGS
from dna_mamba.training.finetune.outputs.results import RESULTS
from dna_mamba.training.finetune.recipe import FinetuneRecipe
from dna_mamba.training.loop.log import LOG_FILE

_SHOWN = ("accuracy", "base_f1", "exon_f1", "start_f1", "stop_f1", "stop_recall", "stop_precision")


def results_of(
    recipe: FinetuneRecipe,
    genomes: LabelledGenomes,
    divided: tuple[Sequence[LabelledStretch], Sequence[LabelledStretch]],
    scores: Mapping[str, Sequence[LevelScores]],
    fingerprint: str,
) -> dict[str, Any]:
    """What ``results.json`` holds; ``low`` and ``high`` are the least and the most of the seeds."""
    train, held = divided
    return {
        "task": "annotation",
        "n": sum(item.end - item.start for item in train),
        "folds": 1,
        "leaks": {"checked": False},
        "data_sha256": fingerprint,
        "how": recipe.how,
        "classes": list(genomes.names),
        "genetic_code": genomes.genetic_code,
        "trained_on": [str(item) for item in train],
        "held_out": [str(item) for item in held],
        "methods": {
            method: {name: _summary([one[name] for one in seeds]) for name in seeds[0]}
            for method, seeds in scores.items()
        },
    }


def _summary(values: Sequence[float]) -> dict[str, Any]:
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return {"mean": None, "low": None, "high": None, "per_fold": [None]}
    mean = statistics.fmean(known)
    return {"mean": mean, "low": min(known), "high": max(known), "per_fold": [mean]}


def table_of(methods: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[str]:
    """A line a method of the results, the mean over seeds, separated by tabs."""
    lines = ["method\t" + "\t".join(_SHOWN)]
    for method, of in methods.items():
        lines.append("\t".join([method, *(_cell(of.get(name)) for name in _SHOWN)]))
    return lines


def write_ending(recipe: FinetuneRecipe, results: Mapping[str, Any], directory: Path, command: str) -> None:
    """The model of the first seed with its card, the log of all trainings, and last the results.

    Raises:
        MachineError: the disk is full.
    """
    work = directory / TRAININGS
    best = load_model(str(work / f"{recipe.how}-0" / MODEL), "cpu")
    save_model(best, directory / MODEL, card=card_of(recipe, results, command), force=True)
    rows = [
        json.dumps({"unit": unit.name, **json.loads(line)})
        for unit in sorted(work.iterdir())
        for line in (unit / LOG_FILE).read_text().splitlines()
    ]
    write_text(directory / LOG_FILE, "\n".join(rows))
    write_text(directory / RESULTS, json.dumps(results, indent=1))


def write_text(path: Path, text: str) -> None:
    """A text file with an end of line, whole or not there."""
    with atomic_output(path, force=True) as stream:
        stream.write((text + "\n").encode())


def card_of(recipe: FinetuneRecipe, results: Mapping[str, Any], command: str) -> str:
    """The model's card in Markdown."""
    rows = "\n".join(
        f"| {method} | " + " | ".join(_cell(of.get(name)) for name in _SHOWN) + " |"
        for method, of in results["methods"].items()
    )
    data = "\n".join(
        f"- `{genome}` with `{annotation}`"
        for genome, annotation in zip(recipe.data.genome, recipe.data.annotation, strict=True)
    )
    return f"""# Genes as a label a base

A head on `{recipe.model}`, trained with `{recipe.how}` to label every base: {", ".join(results["classes"])}.
Genetic code {results["genetic_code"]}. Use: `dna-mamba predict -m DIRECTORY genome.fa -o genes.gff3`.

Made by `{command}`.

## Data

{data}

Trained on {results["n"]:,} bases. Held out, the last tenth of each contig: {len(results["held_out"])} stretches.

## Held-out genes

| method | {" | ".join(_SHOWN)} |
|---|{"---|" * len(_SHOWN)}
{rows}

`longest-orfs` needs no model: open reading frames from 300 bp. A gene of a species unlike these may be missed.
"""


def _cell(summary: Mapping[str, Any] | None) -> str:
    return "-" if summary is None or summary["mean"] is None else f"{summary['mean']:.4f}"
