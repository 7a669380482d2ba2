"""``dna-mamba merge``: the shards of a run put together into what one run would have written."""

import click

from dna_mamba.cli.console import log, progress
from dna_mamba.cli.options import force_option, output_option, output_type_option, write_index_option


@click.command()
@click.argument("shards", nargs=-1, required=True, type=click.Path(), metavar="SHARD...")
@output_option
@output_type_option
@write_index_option
@force_option
def command(shards: tuple[str, ...], output: str, output_type: str | None, write_index: bool, force: bool) -> None:
    """Put together the files that score or predict --shard 1/n to n/n wrote.

    They may be given in any order. Shards of another input, model, reference or other options, a shard that is missing,
    given twice or damaged are refused by name. OUT is to the byte what one run with --no-version would have written.
    """
    from dna_mamba.scoring.predictions.merge import is_prediction_shard
    from dna_mamba.scoring.variant_files.merge import merge_scores
    from dna_mamba.scoring.variant_files.target import Target

    if is_prediction_shard(shards[0]):
        _merge_predictions(shards, output, output_type, force)
        return
    target = Target(output, output_type, force, write_index=write_index)
    target.check()
    with progress("merged", unit="lines") as advance:
        summary = merge_scores(shards, target, advance)
    for line in summary.lines():
        log(line)


def _merge_predictions(shards: tuple[str, ...], output: str, output_type: str | None, force: bool) -> None:
    from dna_mamba.errors import InputError
    from dna_mamba.scoring.predictions.merge import merge_predictions
    from dna_mamba.scoring.predictions.target import PredictionTarget

    if output_type not in (None, "t"):
        raise InputError("predictions that are not of variants", place="-O", remedy="name OUT by its format")
    target = PredictionTarget(output, None if output_type is None else "tsv", force)
    with progress("merged", unit="lines") as advance:
        made = merge_predictions(shards, target, advance)
    for line in made if isinstance(made, list) else made.lines():
        log(line)
