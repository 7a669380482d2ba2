"""``dna-mamba convert``: published weights into our format and back."""

from typing import Literal

import click

from dna_mamba.cli.console import log
from dna_mamba.cli.options import force_option


@click.command()
@click.argument("model", metavar="IN")
@click.argument("output", metavar="OUT", type=click.Path())
@click.option(
    "--to",
    type=click.Choice(["native", "caduceus"]),
    required=True,
    help="native: our own format. caduceus: the format of the published Caduceus and PlantCaduceus checkpoints.",
)
@force_option
def command(model: str, output: str, to: Literal["native", "caduceus"], force: bool) -> None:
    """Write the model IN (a directory, a packaged name, or hf:owner/name) to the directory OUT in another format.

    Both ways are exact: there and back gives the same tensors to the bit.
    """
    from dna_mamba.checkpoints import convert, weights_sha256

    convert(model, output, to, force=force)
    log(f"{output}: weights SHA-256 {weights_sha256(output)}")
