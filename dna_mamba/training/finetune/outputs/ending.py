"""What a run leaves when all its trainings are done: answers, figures, the model with its card, results."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from dna_mamba.checkpoints import save_model
from dna_mamba.data.folds.leak_report import FoldLeaks
from dna_mamba.io.atomic import atomic_output
from dna_mamba.metrics.intervals import bootstrap_source
from dna_mamba.models import TaskModel
from dna_mamba.training.finetune.outputs.card import task_card
from dna_mamba.training.finetune.outputs.directory import LEAKS, MODEL
from dna_mamba.training.finetune.outputs.figures import draw_figures
from dna_mamba.training.finetune.outputs.results import (
    Found,
    resampled,
    results_of,
    summaries,
    table_lines,
    write_predictions,
    write_results,
)
from dna_mamba.training.finetune.recipe import FinetuneRecipe


class Ending(NamedTuple):
    """What outputs are written of.

    Attributes:
        recipe: of the run.
        found: answers of all trainings.
        model: taught on all rows.
        leaks: between folds.
        facts: what results say besides.
        command: the command line, without ``--resume``.
    """

    recipe: FinetuneRecipe
    found: Found
    model: TaskModel
    leaks: FoldLeaks
    facts: dict[str, Any]
    command: str


def write_outputs(ending: Ending, directory: Path, report: Callable[[str], None]) -> list[str]:
    """All outputs of a run, the results last; the lines of the table.

    Raises:
        MachineError: the disk is full.
    """
    recipe, found, facts = ending.recipe, ending.found, ending.facts
    table = summaries(found)
    write_predictions(found, directory)
    _write_leaks(ending.leaks, directory)
    figures = draw_figures(found, directory, report)
    told = {**facts, "n_folds": len(found.parts)}
    card = task_card(
        recipe, found.problem, ending.model, table, told, ending.leaks.lines(), figures, ending.command
    )
    save_model(ending.model, directory / MODEL, card=card, beside=figures, force=True)
    results = results_of(found, table, facts)
    by_group = found.problem.data.groups is not None
    results["bootstrap"] = bootstrap_source(by_group=by_group, n_resamples=N_RESAMPLES)
    for method, of_metrics in resampled(found, N_RESAMPLES).items():
        for metric, (low, high) in of_metrics.items():
            results["methods"][method][metric]["bootstrap"] = [low, high]
    write_results(results, directory)
    report(f"model written to {directory / MODEL}")
    return table_lines(found.problem, table)


N_RESAMPLES = 100
"""Of the rows, or of their groups."""


def _write_leaks(leaks: FoldLeaks, directory: Path) -> None:
    """``leaks.tsv``: every tested row that has its like in training, with that row."""
    with atomic_output(directory / LEAKS, force=True) as stream:
        stream.write(b"fold\tkind\ttest_id\ttraining_id\tidentity\tsame_label\n")
        for leak in leaks.leaks:
            line = "\t".join(str(value) for value in leak)
            stream.write(f"{line}\n".encode("utf-8", errors="surrogateescape"))
