"""``dna-mamba embed``: sequences in, one vector each out."""

import click

from dna_mamba.cli.console import log, progress
from dna_mamba.cli.options import (
    device_option,
    force_option,
    model_option,
    resolve_device,
    setup_torch,
    threads_option,
)
from dna_mamba.errors import InputError


@click.command()
@click.argument("sequences", type=click.Path(), metavar="IN.fa")
@model_option
@click.option("-o", "--output", required=True, metavar="OUT.npz", type=click.Path(), help="NumPy archive to write.")
@click.option(
    "--max-length",
    type=click.IntRange(min=1),
    default=131_072,
    show_default=True,
    help="Longest sequence taken, in bp. Each is read whole: memory grows with it.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    show_default="what suits the device",
    help="Sequences in one forward pass.",
)
@device_option
@threads_option
@force_option
def command(
    sequences: str,
    model: str,
    output: str,
    max_length: int,
    batch_size: int | None,
    device: str,
    threads: int,
    force: bool,
) -> None:
    """Embed the sequences of IN.fa (FASTA, - for standard input), one vector each, in order.

    A vector is the mean over positions of the hidden states after the last layer. OUT.npz holds ids, lengths,
    embeddings (float32, one row a sequence) and metadata (JSON: layer, pooling, what the channels are, model).
    """
    from dna_mamba.io.atomic import check_target
    from dna_mamba.io.fasta import read_fasta
    from dna_mamba.scoring import embed

    if output == "-":
        raise InputError("an archive cannot go to standard output", place="--output", remedy="name a file")
    check_target(output, force=force)
    setup_torch(threads)
    with progress("embedded", unit="sequences") as advance:
        result = embed(
            read_fasta(sequences),
            model,
            batch_size=batch_size,
            max_length_bp=max_length,
            device=resolve_device(device),
            advance=advance,
        )
    result.save(output, force=force)
    n_sequences, n_channels = result.embeddings.shape
    log(f"{n_sequences:,} vectors of {n_channels} channels: layer {result.metadata['layer']},")
    log(f"{result.metadata['pooling']}, {result.metadata['strands']}")
