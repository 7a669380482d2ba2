"""The card of a task model: what it answers, what it was taught, how it was judged and what stands beside it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dna_mamba.data.labelled.dataset import class_counts
from dna_mamba.metrics.intervals import Summary, interval_source
from dna_mamba.models import TaskModel
from dna_mamba.training.finetune.outputs.results import main_metric, shown_metrics, shown_with_interval
from dna_mamba.training.finetune.problem import Problem
from dna_mamba.training.finetune.recipe import FinetuneRecipe

_ABOUT = {
    "majority": "how often each class is there, or the mean: looks at no sequence",
    "gc-length": "a linear model of GC content and length",
    "kmer-logistic": "a linear model of counts of k-mers, k up to 6",
    "cnn": "the small network of Genomic Benchmarks (Gresova et al. 2023)",
    "random-weights": "our encoder with random weights, otherwise as the first line",
}


def task_card(
    recipe: FinetuneRecipe,
    problem: Problem,
    model: TaskModel,
    table: Mapping[str, Mapping[str, Summary]],
    facts: Mapping[str, Any],
    leaks: Sequence[str],
    figures: Sequence[Path],
    command: str,
) -> str:
    """Markdown; ``figures`` lie beside it."""
    head = model.head_config
    return "\n\n".join(
        [
            f"# {', '.join(head.outputs[:4])} on {recipe.model}",
            f"A {head.task} head on the encoder of {recipe.model}, taught by `dna-mamba finetune --how {recipe.how}`.",
            _facts(recipe, problem, model, facts, command),
            "## Held-out rows",
            _table(problem, table),
            f"Intervals: {interval_source(facts['n_folds'])}. The model in this directory was then taught on all rows.",
            "\n".join(f"- `{name}`: {_ABOUT[name]}" for name in table if name in _ABOUT),
            "## Leaks between folds",
            "\n".join(f"- {line}" for line in leaks),
            *(f"![{path.stem}]({path.name})" for path in figures),
            "Not for clinical use.",
        ]
    ) + "\n"


def _facts(
    recipe: FinetuneRecipe, problem: Problem, model: TaskModel, facts: Mapping[str, Any], command: str
) -> str:
    data, head, plan = problem.data, model.head_config, facts["plan"]
    rows = f"{len(data):,} of {data.source}"
    if problem.kind != "values":
        rows += " (" + ", ".join(f"{name} {count:,}" for name, count in class_counts(data).items()) + ")"
    told = {
        "Rows": rows,
        "SHA-256 of the rows": data.sha256,
        "Folds": f"{facts['n_folds']}, {plan['kind']}, seed {plan['seed']}; seeds of training: {recipe.seeds}",
        "Head": f"pooling {head.pooling}, strands {head.strands}" + (f", hidden {head.hidden}" if head.hidden else ""),
        "Parameters": f"{model.n_parameters:,}",
        "Command": f"`{command}`" if command else "",
    }
    return "\n".join(f"- **{key}**: {value}" for key, value in told.items() if value)


def _table(problem: Problem, table: Mapping[str, Mapping[str, Summary]]) -> str:
    main = main_metric(problem)
    others = [name for name in shown_metrics(problem) if name != main]
    lines = [f"| method | {main} | 95 % interval | {' | '.join(others)} |", "|---" * (3 + len(others)) + "|"]
    for method, of_metrics in table.items():
        cells = [*shown_with_interval(of_metrics[main]), *(shown_with_interval(of_metrics[name])[0] for name in others)]
        lines.append(f"| {method} | {' | '.join(cells)} |")
    return "\n".join(lines)
