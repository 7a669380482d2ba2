"""``dna-mamba embed``: sequences in, one vector each out."""

import click

from dna_mamba.cli.console import log, print_estimate, progress
from dna_mamba.cli.options import (
    batch_size_option,
    device_option,
    dry_run_option,
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
    show_default="what memory allows",
    help="Longest sequence taken, in bp. Each is read whole, none is ever cut.",
)
@batch_size_option("Sequences")
@device_option
@threads_option
@dry_run_option
@force_option
def command(
    sequences: str,
    model: str,
    output: str,
    max_length: int | None,
    batch_size: int | None,
    device: str,
    threads: int,
    dry_run: bool,
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
    if dry_run:
        _estimate(sequences, model, device)
        return
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


def _estimate(sequences: str, model: str, device: str) -> None:
    from dna_mamba.io.fasta import read_fasta
    from dna_mamba.scoring import as_model
    from dna_mamba.scoring.estimate import estimate_embedding

    network = as_model(model, resolve_device(device))
    lengths = [len(network.tokenizer.encode(record.sequence)) for record in read_fasta(sequences)]
    click.echo(f"sequences\t{len(lengths)}")
    click.echo(f"longest\t{max(lengths, default=0)}")
    print_estimate(estimate_embedding(lengths, network))
