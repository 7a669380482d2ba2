"""``dna-mamba models``: the models that come with the package."""

import re
import shutil
import textwrap
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from dna_mamba.checkpoints import PackagedModel

_FACT = re.compile(r"^- \*\*(?P<key>[^*]+)\*\*: (?P<value>.+)$", re.MULTILINE)
_LICENCE = re.compile(r"^Licence of the weights: (?P<licence>.+?)\.? Not for clinical use\.$", re.MULTILINE)
_SHOWN = ("Parameters", "Sequence", "Training")
_KEY_WIDTH = 12


@click.command()
@click.argument("model", required=False)
def command(model: str | None) -> None:
    """List the packaged models, or print the card of MODEL: a packaged name or a model directory."""
    from dna_mamba.checkpoints import PackagedModel, packaged_models, resolve

    if model is not None:
        click.echo(PackagedModel(model, resolve(model)).card, nl=False)
        return
    click.echo("\n\n".join(_entry(packaged) for packaged in packaged_models().values()))


def _entry(model: "PackagedModel") -> str:
    """What the model's card and configuration say, one fact a line."""
    facts = {match["key"]: match["value"] for match in _FACT.finditer(model.card)}
    licence = _LICENCE.search(model.card)
    facts.setdefault("Parameters", f"{model.n_parameters:,}")
    rows = {key: facts[key] for key in _SHOWN if key in facts} | {
        "Tokenizer": ", ".join(str(value) for value in model.config["tokenizer"].values() if value),
        "Licence": licence["licence"] if licence else "see the card",
        "SHA-256": model.sha256,
        "Path": str(model.path),
    }
    return "\n".join([click.style(model.name, bold=True), *(_row(key, value) for key, value in rows.items())])


def _row(key: str, value: str) -> str:
    width = max(shutil.get_terminal_size().columns - _KEY_WIDTH - 2, 40)
    lines = textwrap.wrap(value, width, break_long_words=False, break_on_hyphens=False)
    indent = " " * (_KEY_WIDTH + 2)
    return f"  {key.lower():{_KEY_WIDTH}}" + f"\n{indent}".join(lines)
