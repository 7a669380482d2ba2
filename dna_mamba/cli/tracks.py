"""``dna-mamba tracks``: one number a base along contigs, as bigWig or bedGraph."""

from typing import TYPE_CHECKING

import click

from dna_mamba.cli.console import log, log_precision, print_estimate, progress
from dna_mamba.cli.options import model_option, resolve_device, run_options, setup_torch
from dna_mamba.cli.regions import read_regions, region_options
from dna_mamba.cli.resuming import resume_option, telling_what_is_kept
from dna_mamba.defaults import DEFAULT_OVERLAP_BP, DEFAULT_WINDOW_BP

if TYPE_CHECKING:
    from dna_mamba.models.precision import Precision


@click.command()
@click.argument("reference", type=click.Path(), metavar="REF.fa")
@model_option
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="OUT",
    type=click.Path(),
    help="Output: .bw, .bedgraph or .bedgraph.gz; - writes bedGraph to standard output. Several tracks become "
    "several files, with the track before the suffix.",
)
@click.option(
    "--track",
    "names",
    multiple=True,
    default=("ref-llr",),
    show_default=True,
    metavar="TRACK",
    help="ref-llr, entropy, probability:A (or C, G, T) or embedding:K (channel K, from 0); may be repeated.",
)
@region_options()
@click.option(
    "--window",
    type=click.IntRange(min=0),
    default=DEFAULT_WINDOW_BP,
    show_default=True,
    help="Window the model reads, in bp; 0 reads whole contigs.",
)
@click.option(
    "--overlap",
    type=click.IntRange(min=0),
    default=DEFAULT_OVERLAP_BP,
    show_default=True,
    help="How far neighbouring windows overlap, in bp; each keeps what is nearer to its middle.",
)
@click.option(
    "--mask-every",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="K",
    help="Mask every K-th base, in K passes, and take each where the model does not see it; 0 masks none.",
)
@resume_option
@run_options("Windows")
def command(
    reference: str,
    model: str,
    output: str,
    names: tuple[str, ...],
    regions: tuple[str, ...],
    regions_bed: str | None,
    window: int,
    overlap: int,
    mask_every: int,
    resume: bool,
    batch_size: int | None,
    device: str,
    precision: "Precision",
    threads: int,
    dry_run: bool,
    force: bool,
    no_version: bool,
) -> None:
    """Write what a model says of every base of REF.fa, both strands joined.

    ref-llr is ln p(ref) minus the mean ln p of the three other bases, in nats: above zero the reference is expected.
    entropy is that of the prediction, in nats. Bases that are N have no value. OUT appears when it is whole; until
    then .OUT.progress beside it holds what is done, and --resume resumes it.
    """
    from dna_mamba.io.fasta import FastaReader
    from dna_mamba.runs.provenance import command_line
    from dna_mamba.scoring.tracks.job import TracksJob
    from dna_mamba.scoring.tracks.reading import Reading

    setup_torch(threads)
    with FastaReader(reference) as genome:
        job = TracksJob(
            genome,
            model,
            tracks=names,
            reading=Reading(window, overlap, batch_size, mask_every),
            regions=read_regions(regions, regions_bed, genome),
            device=resolve_device(device),
            precision=precision,
        )
        job.files(output)
        if dry_run:
            facts = job.estimate()
            click.echo(f"bases\t{facts.n_bases}")
            print_estimate(facts.passes)
            return
        total = job.missing_bp(output, resume=resume)
        with telling_what_is_kept(output, resume=resume), progress("read", unit="bp", total=total) as advance:
            command = None if no_version else command_line()
            written = job.run(output, resume=resume, force=force, command=command, advance=advance)
    log_precision(precision, job.precision)
    for file in written:
        log(f"{file.track.name}: {file.path}")
