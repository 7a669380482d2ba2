"""The model card: what a model is, what it was trained on, how well it does beside counting words."""

from collections.abc import Sequence
from typing import Any

from dna_mamba.data.leaks.report import homology_lines
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.training.pretrain.card_tables import HOW, LogRows, by_genome_table, contexts_table, held_out_table
from dna_mamba.training.pretrain.directory import FIGURE
from dna_mamba.training.pretrain.recipe import Recipe
from dna_mamba.training.pretrain.start import Origin

_TABLES = (held_out_table, by_genome_table, contexts_table)


def model_card(
    recipe: Recipe, model: MaskedLanguageModel, rows: LogRows, command: str, *, has_figure: bool = False
) -> str:
    """Markdown from a recipe, its model and the rows of its log (``training.loop.log``).

    With ``has_figure`` it shows ``FIGURE`` beside it.
    """
    about = recipe.about
    parts = [
        f"# {about.name}",
        about.description,
        _facts(recipe, model, rows, command),
        *(table(rows, use) for use in ("validation", "test") for table in _TABLES),
        HOW if any(row["event"] == "evaluate" for row in rows) else "",
        f"![Training and held-out loss]({FIGURE})" if has_figure else "",
        f"Licence of the weights: {about.licence}. Not for clinical use.",
        about.citation,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _facts(recipe: Recipe, model: MaskedLanguageModel, rows: LogRows, command: str) -> str:
    config, genome, batch = model.config, recipe.genome, recipe.batch
    steps = [row for row in rows if row["event"] == "train"]
    minutes = sum(row["seconds"] for row in rows if "seconds" in row) / 60
    strands = 2 if config.reverse_complement == "shared" else 1
    start = next((row for row in rows if row["event"] == "start"), {})
    facts = {
        "Parameters": f"{model.n_parameters:,} ({config.n_layer} layers, d_model {config.d_model}, "
        f"d_state {config.d_state}, reverse complement: {config.reverse_complement})",
        "Sequence": f"{recipe.about.data or ', '.join(genome.files)}: {start.get('train', 0):,} bp to train on; "
        f"held out {_names(genome.validation)} (validation) and {_names(genome.test)} (test); "
        f"left out {_names(genome.exclude)}{_margin(start)}",
        "Homology": "; ".join(homology_lines(start["homology"])) if "homology" in start else "",
        "Start": _origin(start),
        "Training": f"{len(steps):,} steps of {_windows(recipe)} "
        f"({len(steps) * batch.bp_per_step:,} bp read), {recipe.masking.rate:.0%} masked{_spans(recipe)}, "
        f"{recipe.precision}",
        "Time": f"{minutes:.0f} min, evaluation included; CPU threads: {start.get('threads', '?')}, "
        f"torch {start.get('torch', '?')}{_machine(start)}",
        "Compute": _compute(model.n_parameters, steps, strands),
        "Command": f"`{command}`" if command else "",
    }
    return "\n".join(f"- **{key}**: {value}" for key, value in facts.items() if value)


def _compute(n_parameters: int, steps: LogRows, strands: int) -> str:
    """Steps, tokens, hours, and operations: 6 for each parameter and token (Kaplan et al. 2020, section 2.1)."""
    if not steps or "tokens" not in steps[0]:
        return ""
    tokens, seconds = sum(row["tokens"] for row in steps), sum(row["seconds"] for row in steps)
    took = f"{seconds / 3600:.2f} h" if seconds >= 3600 else f"{seconds / 60:.1f} min"
    factors = "6 x parameters x tokens" + (", both strands read" if strands > 1 else "")
    operations = 6.0 * n_parameters * tokens * strands
    return f"{len(steps):,} steps, {tokens:,} tokens, {took} in steps, about {operations:.1e} FLOP ({factors})"


def _machine(start: dict[str, Any]) -> str:
    """What the run was made on, where its log says so."""
    if "processor" not in start:
        return ""
    processes = start.get("processes", 1)
    return f", {start['processor']}" + (f", {processes} processes" if processes > 1 else "")


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
    return ", ".join(f"`{place}`" for place in places) or "nothing"


def _margin(start: dict[str, Any]) -> str:
    """Stretches of contigs keep their distance from what is trained on."""
    return f"; {start['margin_bp']:,} bp on each side of a stretch left out" if "margin_bp" in start else ""
