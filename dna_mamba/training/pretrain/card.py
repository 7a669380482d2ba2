"""The model card: what a model is, what it was trained on, how well it does beside counting words."""

from collections.abc import Sequence
from typing import Any

from dna_mamba.data.leaks.report import homology_lines
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.training.pretrain.recipe import Recipe
from dna_mamba.training.pretrain.start import Origin

LogRows = list[dict[str, Any]]
_HOW = (
    "Loss is the mean over bases masked a few at a time, both strands joined where tokens allow, on evenly spaced "
    "bases of the contigs held out. Markov baselines count words on both strands of the training contigs, one half "
    "added to each count, and are asked on every base held out."
)


def model_card(recipe: Recipe, model: MaskedLanguageModel, rows: LogRows, command: str) -> str:
    """Markdown from a recipe, its model and the rows of its log (``training.loop.log``)."""
    about = recipe.about
    parts = [
        f"# {about.name}",
        about.description,
        _facts(recipe, model, rows, command),
        *(_held_out(rows, use) for use in ("validation", "test")),
        _HOW if any(row["event"] == "evaluate" for row in rows) else "",
        f"Licence of the weights: {about.licence}. Not for clinical use.",
        about.citation,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _facts(recipe: Recipe, model: MaskedLanguageModel, rows: LogRows, command: str) -> str:
    config, genome, batch = model.config, recipe.genome, recipe.batch
    steps = [row for row in rows if row["event"] == "train"]
    minutes = sum(row["seconds"] for row in rows if "seconds" in row) / 60
    start = next((row for row in rows if row["event"] == "start"), {})
    facts = {
        "Parameters": f"{model.n_parameters:,} ({config.n_layer} layers, d_model {config.d_model}, "
        f"d_state {config.d_state}, reverse complement: {config.reverse_complement})",
        "Sequence": f"{recipe.about.data or ', '.join(genome.fasta)}: {start.get('train', 0):,} bp to train on; "
        f"held out {_names(genome.validation)} (validation) and {_names(genome.test)} (test); "
        f"left out {_names(genome.exclude)}{_margin(start)}",
        "Homology": "; ".join(homology_lines(start["homology"])) if "homology" in start else "",
        "Start": _origin(start),
        "Training": f"{len(steps):,} steps of {_windows(recipe)} "
        f"({len(steps) * batch.bp_per_step:,} bp read), {recipe.masking.rate:.0%} masked{_spans(recipe)}, "
        f"{recipe.precision}",
        "Time": f"{minutes:.0f} min, evaluation included; CPU threads: {start.get('threads', '?')}, "
        f"torch {start.get('torch', '?')}",
        "Command": f"`{command}`" if command else "",
    }
    return "\n".join(f"- **{key}**: {value}" for key, value in facts.items() if value)


def _origin(start: dict[str, Any]) -> str:
    """Which weights the run began with, where they were not random."""
    if "init" not in start:
        return ""
    frozen = start["frozen_parameters"]
    kept = f"; {frozen:,} of the parameters stayed as they were" if frozen else ""
    return f"{Origin(start['init'], start['init_sha256'], start['init_bp'])}{kept}"


def _windows(recipe: Recipe) -> str:
    first, *others = recipe.batch.by_first_step()
    changes = (f", from step {x.first_step + 1:,} on {x.windows:,} of {x.window_bp:,} bp" for x in others)
    return f"{first.windows:,} windows of {first.window_bp:,} bp" + "".join(changes)


def _spans(recipe: Recipe) -> str:
    span = recipe.masking.span
    return "" if span is None else f" in spans of {span.mean_tokens:g} tokens on average"


def _names(places: Sequence[object]) -> str:
    return ", ".join(map(str, places)) or "nothing"


def _margin(start: dict[str, Any]) -> str:
    """Stretches of contigs keep their distance from what is trained on."""
    return f"; {start['margin_bp']:,} bp on each side of a stretch left out" if "margin_bp" in start else ""


def _held_out(rows: LogRows, use: str) -> str:
    """A table of the model and the baselines on one part of the split; empty if it was not evaluated."""
    losses = [row for row in rows if row["event"] == "evaluate" and row["split"] == use]
    baselines = [row for row in rows if row["event"] == "baselines" and row["split"] == use]
    if not losses:
        return ""
    model = losses[-1]
    what = f"**this model** ({model['n_bases']:,} bases, {model['loss_nats']:.4f} nats a token)"
    lines = [f"| {use} | bits per base |", "|---|---|", f"| {what} | **{model['bits_per_base']:.4f}** |"]
    for row in baselines[-1:]:
        lines += [f"| {name} | {bits:.4f} |" for name, bits in row["bits_per_base"].items()]
    return "\n".join(lines)
