"""What a run for annotation found: results, the table, the model's card."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from dna_mamba.data.labelled.annotation import LabelledGenomes
from dna_mamba.training.finetune.annotation.judging import LevelScores
from dna_mamba.training.finetune.annotation.windows import LabelledStretch
from dna_mamba.training.finetune.recipe import FinetuneRecipe

_SHOWN = ("accuracy", "base_f1", "exon_f1", "start_f1", "stop_f1", "stop_recall", "stop_precision")


def results_of(
    recipe: FinetuneRecipe,
    genomes: LabelledGenomes,
    divided: tuple[Sequence[LabelledStretch], Sequence[LabelledStretch]],
    scores: Mapping[str, Sequence[LevelScores]],
) -> dict[str, Any]:
    """What ``results.json`` holds; ``low`` and ``high`` are the least and the most of the seeds."""
    train, held = divided
    return {
        "task": "annotation",
        "n": sum(item.end - item.start for item in train),
        "folds": 1,
        "leaks": {"checked": False},
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


def table_of(scores: Mapping[str, Sequence[LevelScores]]) -> list[str]:
    """A line a method, the mean over seeds, separated by tabs."""
    lines = ["method\t" + "\t".join(_SHOWN)]
    for method, seeds in scores.items():
        means = [_summary([one.get(name, math.nan) for one in seeds])["mean"] for name in _SHOWN]
        lines.append(f"{method}\t" + "\t".join("-" if mean is None else f"{mean:.4f}" for mean in means))
    return lines


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
