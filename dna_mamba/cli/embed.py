"""``dna-mamba embed``: sequences in, or regions of a genome; a vector each out, or one for every position."""

from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from dna_mamba.cli.console import log, log_precision, print_estimate, progress
from dna_mamba.cli.options import (
    batch_size_option,
    device_option,
    dry_run_option,
    force_option,
    model_option,
    precision_option,
    resolve_device,
    setup_torch,
    threads_option,
)
from dna_mamba.cli.regions import read_regions, region_options
from dna_mamba.cli.resuming import resume_option, telling_what_is_kept

if TYPE_CHECKING:
    from dna_mamba.genome import Interval
    from dna_mamba.inference.pooling import Pool
    from dna_mamba.io.fasta import FastaReader
    from dna_mamba.models.precision import Precision
    from dna_mamba.scoring.embeddings.files import OutputType
    from dna_mamba.scoring.embeddings.job import EmbedJob


@click.command()
@click.argument("sequences", type=click.Path(), metavar="IN.fa")
@model_option
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="OUT",
    type=click.Path(),
    help="File to write: .npz, .parquet, .h5ad or .tsv.",
)
@click.option(
    "-O",
    "--output-type",
    type=click.Choice(["npz", "parquet", "h5ad", "tsv"]),
    help="NumPy archive, Parquet, AnnData or table of text; default by the suffix of OUT.",
)
@region_options(
    "Embed this place on the genome IN.fa",
    "Embed the places of a BED file, the reverse complement where its strand column has -",
)
@click.option(
    "--layer",
    type=int,
    show_default="the last",
    help="Whose output: 1 to the number of layers, 0 the token embedding, -1 the last, -2 the one before.",
)
@click.option(
    "--pool",
    type=click.Choice(["mean", "max", "center", "none"]),
    default="mean",
    show_default=True,
    help="How positions become one vector; none keeps every position.",
)
@click.option(
    "--max-length",
    type=click.IntRange(min=1),
    show_default="what memory allows",
    help="Longest sequence taken, in bp. Each is read whole, none is ever cut.",
)
@resume_option
@batch_size_option("Sequences")
@device_option
@precision_option
@threads_option
@dry_run_option
@force_option
def command(
    sequences: str,
    model: str,
    output: str,
    output_type: "OutputType | None",
    regions: tuple[str, ...],
    regions_bed: str | None,
    layer: int | None,
    pool: "Pool",
    max_length: int | None,
    resume: bool,
    batch_size: int | None,
    device: str,
    precision: "Precision",
    threads: int,
    dry_run: bool,
    force: bool,
) -> None:
    """Embed the sequences of IN.fa (FASTA, GenBank or EMBL, - for standard input), one vector each, in order.

    A vector is the mean over positions of the hidden states after the last layer, unless --pool and --layer say
    otherwise. With -r or -R, IN.fa is a genome, and places on it are embedded. OUT holds ids, lengths, coordinates of
    regions, embeddings (float32) and metadata (JSON: layer, pooling, what the channels are, model, fingerprints).
    """
    from dna_mamba.io.atomic import check_target
    from dna_mamba.scoring.embeddings.files import check_output_type, resolve_output_type
    from dna_mamba.scoring.embeddings.job import EmbedJob

    output_type = resolve_output_type(output, output_type)
    check_output_type(output, output_type, pool)
    check_target(output, force=force)
    setup_torch(threads)
    with ExitStack() as stack:
        genome, places = _places(stack, sequences, regions, regions_bed)
        job = EmbedJob(
            genome or sequences,
            model,
            regions=places,
            layer=layer,
            pool=pool,
            batch_size=batch_size,
            max_length_bp=max_length,
            device=resolve_device(device),
            precision=precision,
        )
        if dry_run:
            _estimate(job)
            return
        total = job.survey().total_bp if job.is_repeatable else None
        with telling_what_is_kept(output, resume=resume), progress("embedded", unit="bp", total=total) as advance:
            result = job.run(output, output_type=output_type, resume=resume, force=force, advance=advance)
    n_rows, n_channels = result.embeddings.shape
    log(f"{len(result.ids):,} sequences, {n_rows:,} vectors of {n_channels} channels")
    log(f"layer {result.metadata['layer']}; pooling: {result.metadata['pooling']}; {result.metadata['strands']}")
    log_precision(precision, job.precision)


def _places(
    stack: ExitStack, path: str, regions: tuple[str, ...], regions_bed: str | None
) -> "tuple[FastaReader | None, list[Interval] | None]":
    """The genome, open until ``stack`` closes, and the places on it; neither where none were asked for."""
    from dna_mamba.io.fasta import FastaReader

    if not regions and regions_bed is None:
        return None, None
    genome = stack.enter_context(FastaReader(path))
    return genome, read_regions(regions, regions_bed, genome, stranded=True)


def _estimate(job: "EmbedJob") -> None:
    facts = job.estimate()
    click.echo(f"sequences\t{facts.n_sequences}")
    click.echo(f"longest\t{facts.longest}")
    print_estimate(facts.passes)
