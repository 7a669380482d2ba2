"""``dna-mamba predict``: what a model with a head says of sequences, intervals, variants, or every base of a genome."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from dna_mamba.cli.console import log, log_precision, print_estimate, progress
from dna_mamba.cli.options import (
    model_option,
    output_option,
    refuse_options,
    resolve_device,
    run_options,
    setup_torch,
    shard_option,
)
from dna_mamba.cli.regions import read_regions, region_options
from dna_mamba.cli.resuming import resume_option, telling_what_is_kept
from dna_mamba.errors import InputError

if TYPE_CHECKING:
    from dna_mamba.genome import Interval
    from dna_mamba.io.fasta import FastaReader
    from dna_mamba.runs import Shard
    from dna_mamba.scoring.predictions.target import PredictionTarget

_VCF_FORMATS = ("v", "z", "b")
_OF_ALONG, _OF_ROWS = ("window", "overlap", "genetic_code"), ("max_length", "id_column")
"""Options that say nothing to other heads."""


@click.command()
@click.argument("source", type=click.Path(), metavar="IN")
@model_option
@click.option(
    "-f", "--reference", "--genome", "reference", metavar="REF.fa", type=click.Path(), help="Genome of a BED or VCF."
)
@output_option
@click.option(
    "-O",
    "--output-type",
    type=click.Choice(["tsv", "parquet", "bed", "bigwig", "bedgraph", "gff3", *_VCF_FORMATS]),
    help="Format, default by the suffix of OUT; v, z and b are VCF, VCF.gz and BCF.",
)
@region_options("Predict this place on the genome IN.fa", "Predict the places of a BED file on the genome IN.fa")
@click.option("--sequence-column", default="sequence", show_default=True, metavar="NAME", help="Column of a table.")
@click.option("--id-column", metavar="NAME", show_default="id, else rows are counted", help="Column of a table.")
@click.option("--max-length", type=click.IntRange(min=1), help="Longest sequence taken, in bp; others get TOO_LONG.")
@click.option(
    "--window",
    type=click.IntRange(min=0),
    show_default="1048576",
    help="Window in which heads for bases and tracks read contigs that two would not cover, in bp; others are read "
    "whole, exactly, as 0 reads all.",
)
@click.option(
    "--overlap", type=click.IntRange(min=0), show_default="131072", help="How far such windows overlap at least, in bp."
)
@click.option(
    "--genetic-code",
    type=click.IntRange(min=1),
    show_default="1 of heads that know introns, else 11",
    help="Code of genes, by NCBI's number.",
)
@shard_option("Predict")
@resume_option
@run_options("Sequences")
def command(threads: int, no_version: bool, **options: Any) -> None:
    """Predict what the head of a model was trained on, for every record of IN, in order.

    IN is FASTA, a table with a sequence column (TSV, CSV, Parquet), BED with -f, or, for a head for variants, VCF with
    -f; - is standard input. OUT has an id, one column a class (its probability) or target, and DM_STATUS: .tsv,
    .parquet or .bed. Heads for bases and tracks write .bw, .bedgraph, .bed, .gff3 (genes) or .tsv, those for variants
    VCF. Nothing is left out: DM_STATUS says OK or why there is no answer.
    """
    from dna_mamba.runs.provenance import command_line
    from dna_mamba.scoring.predictions.inputs import head_at

    setup_torch(threads)
    request = _Request(**options, command=None if no_version else command_line())
    head = head_at(request.model)
    predict = _variants if head.task == "variant" else _along if head.by_position else _rows
    others = (*(() if predict is _along else _OF_ALONG), *(() if predict is _rows else _OF_ROWS))
    refuse_options(f"a head for {head.task}", **{name: options[name] for name in others})
    with ExitStack() as stack:
        predict(request, stack)


class _Request(NamedTuple):
    """The options of the command, and what names it in headers."""

    source: str
    model: str
    reference: str | None
    output: str
    output_type: Any
    regions: tuple[str, ...]
    regions_bed: str | None
    sequence_column: str
    id_column: str | None
    max_length: int | None
    window: int | None
    overlap: int | None
    genetic_code: int | None
    shard: "Shard | None"
    resume: bool
    batch_size: int | None
    device: str
    precision: Any
    dry_run: bool
    force: bool
    command: str | None

    @property
    def target(self) -> "PredictionTarget":
        """Where predictions go that are not VCF."""
        from dna_mamba.scoring.predictions.target import PredictionTarget

        if self.output_type in _VCF_FORMATS:
            raise InputError("VCF holds variants, and the head answers none", place="-O", remedy="choose another")
        return PredictionTarget(self.output, self.output_type, self.force)

    @property
    def running(self) -> dict[str, Any]:
        """How a job runs, whichever it is."""
        return {"device": resolve_device(self.device), "precision": self.precision}

    @property
    def said(self) -> dict[str, Any]:
        """What a run is told, whichever job it is of."""
        return {"shard": self.shard, "resume": self.resume, "command": self.command}

    def places(self, genome: "FastaReader") -> "list[Interval]":
        """Those of ``-r`` and ``-R``."""
        return read_regions(self.regions, self.regions_bed, genome, stranded=True)


def _rows(request: _Request, stack: ExitStack) -> None:
    """Whole sequences, one answer each."""
    from dna_mamba.io.fasta import FastaReader
    from dna_mamba.scoring.predictions.inputs import rows_of
    from dna_mamba.scoring.predictions.job import PredictJob

    has_regions = bool(request.regions or request.regions_bed)
    path = request.source if has_regions else request.reference
    genome = stack.enter_context(FastaReader(path)) if path is not None else None
    places = request.places(genome) if has_regions and genome is not None else None
    rows = rows_of(
        request.source,
        genome,
        regions=places,
        sequence_column=request.sequence_column,
        id_column=request.id_column,
    )
    job = PredictJob(
        rows, request.model, batch_size=request.batch_size, max_length_bp=request.max_length, **request.running
    )
    target = request.target
    target.check(job.head)
    if request.dry_run:
        click.echo(f"rows\t{job.survey().n_rows}")
        print_estimate(job.estimate())
        return
    total = job.span(request.shard).n_records if job.is_repeatable else None
    with _watched(request, "rows", total) as advance:
        summary = job.run(target, **request.said, advance=advance)
    for line in summary.lines():
        log(line)
    log_precision(request.precision, job.precision)


def _along(request: _Request, stack: ExitStack) -> None:
    """Every base or bin of a genome."""
    from dna_mamba.io.fasta import FastaReader
    from dna_mamba.scoring.predictions.along_job import AlongJob
    from dna_mamba.scoring.predictions.units import AlongReading

    is_bed = request.reference is not None
    if is_bed:
        refuse_options("places of a BED file", region=request.regions, regions_bed=request.regions_bed)
    genome = stack.enter_context(FastaReader(request.reference or request.source))
    places = read_regions((), request.source, genome) if is_bed else request.places(genome)
    given = {"window_bp": request.window, "overlap_bp": request.overlap}
    reading = AlongReading()._replace(**{name: value for name, value in given.items() if value is not None})
    if request.window and request.overlap is None:
        reading = reading._replace(overlap_bp=min(reading.overlap_bp, request.window // 8))
    job = AlongJob(
        genome, request.model, reading=reading, regions=places, genetic_code=request.genetic_code, **request.running
    )
    target = request.target
    job.check(target)
    if request.dry_run:
        click.echo(f"bases\t{job.n_bases}")
        print_estimate(job.estimate())
        log(job.how_read)
        return
    total = job.missing_bp(target, request.shard, resume=request.resume)
    with _watched(request, "bp", total) as advance:
        files = job.run(target, **request.said, advance=advance)
    for file in files:
        log(f"{'shard for dna-mamba merge' if request.shard else target.format}: {file}")
    for note in (job.how_read, *job.notes):
        log(note)
    log_precision(request.precision, job.precision)


def _variants(request: _Request, stack: ExitStack) -> None:
    """Alleles of a VCF, as ``score`` does it."""
    from dna_mamba.io.fasta import FastaReader
    from dna_mamba.scoring.variant_files.job import ScoreJob
    from dna_mamba.scoring.variant_files.target import Target

    if request.reference is None:
        raise InputError("a head for variants needs their genome", place="predict", remedy="give -f REF.fa")
    chosen = {"tsv": "t"}.get(request.output_type, request.output_type)
    target = Target(request.output, None if chosen == "parquet" else chosen, request.force)
    target.check()
    genome = stack.enter_context(FastaReader(request.reference))
    job = ScoreJob(
        request.source,
        genome,
        request.model,
        scores=("head",),
        batch_size=request.batch_size,
        regions=request.places(genome),
        **request.running,
    )
    total = None
    if job.is_repeatable:
        for note in job.survey().notes:
            log(note)
        total = job.span(request.shard).n_records
    if request.dry_run:
        facts = job.estimate(request.shard)
        click.echo(f"records\t{facts.n_records}\nwindows\t{facts.n_windows}")
        print_estimate(facts.passes)
        return
    with _watched(request, "records", total) as advance:
        summary = job.run(target, **request.said, advance=advance)
    for line in summary.lines():
        log(line)
    log_precision(request.precision, job.precision)


@contextmanager
def _watched(request: _Request, unit: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Progress is shown, and what is kept told where the run ends early."""
    with (
        telling_what_is_kept(request.output, resume=request.resume),
        progress("predicted", unit=unit, total=total) as advance,
    ):
        yield advance
