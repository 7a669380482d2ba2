"""``dna-mamba finetune``: own labels to a judged model."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dna_mamba.cli.console import format_duration, log, progress
from dna_mamba.cli.exits import TerminatedError
from dna_mamba.cli.options import device_option, force_option, resolve_device, setup_torch, threads_option
from dna_mamba.errors import PreemptedError

if TYPE_CHECKING:
    from dna_mamba.training.finetune import FinetuneJob, FinetuneRecipe

_KEYS = {
    "model": "model",
    "data": "data.files",
    "genome": "data.genome",
    "annotation": "data.annotation",
    "variants": "data.variants",
    "signal": "data.signal",
    "bin_bp": "data.bin_bp",
    "sequence_column": "data.sequence_column",
    "label": "data.label",
    "id_column": "data.id_column",
    "group": "data.group",
    "fold_column": "data.fold_column",
    "chrom_column": "data.chrom_column",
    "task": "data.task",
    "window_bp": "data.window_bp",
    "folds": "folds.kind",
    "n_folds": "folds.n_folds",
    "repeats": "folds.repeats",
    "families": "data.families",
    "leaks": "leaks",
    "how": "how",
    "estimator": "probe.estimator",
    "epochs": "training.epochs",
    "learning_rate": "training.learning_rate",
    "precision": "training.precision",
    "class_weights": "class_weights",
    "baselines": "baselines",
    "seeds": "seeds",
}
"""What each flag means in a recipe."""


@click.command()
@click.argument("data", nargs=-1, type=click.Path())
@click.option("-m", "--model", metavar="MODEL", help="Model directory, or a packaged name (see: dna-mamba models).")
@click.option("-o", "--output", "run", required=True, metavar="RUN", type=click.Path(), help="Directory of the run.")
@click.option("--recipe", metavar="YAML", type=click.Path(), help="A recipe; flags override what it says.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Set a key, as training.epochs=5.")
@click.option(
    "--task",
    type=click.Choice(["classification", "multilabel", "regression", "variant", "annotation", "tracks"]),
    show_default="by the labels",
    help="What the labels are.",
)
@click.option("--label", multiple=True, metavar="COLUMN|INFO/KEY", help="Column of labels; may be repeated.")
@click.option("--sequence-column", metavar="COLUMN", show_default="sequence", help="Column of sequences.")
@click.option("--id-column", metavar="COLUMN", show_default="id, else row numbers", help="Column of names of rows.")
@click.option("--genome", multiple=True, metavar="FASTA", help="Genome of intervals, variants, signal or annotation.")
@click.option("--annotation", multiple=True, metavar="GFF|GTF|GB", help="Genes of a genome, one for each --genome.")
@click.option("--variants", metavar="VCF", type=click.Path(), help="Labelled variants.")
@click.option("--signal", multiple=True, metavar="NAME=BIGWIG|BAM|CRAM", help="Signal to learn; may be repeated.")
@click.option("--bin", "bin_bp", type=click.IntRange(min=1), metavar="BP", show_default="32", help="Of a signal.")
@click.option("--window", "window_bp", type=click.IntRange(min=1), metavar="BP", help="Of variant, interval, signal.")
@click.option(
    "--folds",
    type=click.Choice(
        ["stratified", "k-fold", "group", "leave-group-out", "leave-chromosome-out", "homology", "column"]
    ),
    show_default="stratified, or by --fold-column or --group",
    help="How rows are divided.",
)
@click.option("--n-folds", type=click.IntRange(min=2), show_default="5", help="How many folds.")
@click.option("--repeats", type=click.IntRange(min=1), show_default="1", help="How often rows are divided anew.")
@click.option("--fold-column", metavar="COLUMN", help="Column that says in which fold a row is tested.")
@click.option("--chrom-column", metavar="COLUMN", help="Contig of each row of a table.")
@click.option("--group", metavar="COLUMN", help="Rows of one group stay on one side; chrom is the contig.")
@click.option("--families", metavar="FILE", help="Families for homology, of hashFrag, MMseqs2 or minimap2.")
@click.option("--leaks", type=click.Choice(["drop", "keep", "refuse"]), show_default="drop", help="Rows that leak.")
@click.option(
    "--how",
    type=click.Choice(["probe", "lora", "dora", "last-n", "full"]),
    show_default="probe",
    help="What is trained: a linear head alone, adapters, the last layers, or all.",
)
@click.option(
    "--estimator", type=click.Choice(["auto", "logistic", "ridge", "svm"]), show_default="auto", help="Of a probe."
)
@click.option("--epochs", type=click.IntRange(min=1), show_default="10", help="At most, of training by gradients.")
@click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True), help="Of the last layer.")
@click.option("--precision", type=click.Choice(["float32", "bfloat16"]), show_default="float32", help="Of products.")
@click.option("--class-weights", type=click.Choice(["none", "balanced"]), show_default="none", help="In the loss.")
@click.option(
    "--baselines",
    metavar="none|NAME,...",
    show_default="all",
    help="Of majority, gc-length, kmer-logistic, cnn, random-weights.",
)
@click.option("--seeds", type=click.IntRange(min=1), show_default="1", help="Trainings of what depends on chance.")
@click.option("--resume", is_flag=True, help="Resume RUN where it was stopped, or start if there is none.")
@click.option("--dry-run", is_flag=True, help="Say what the run takes; write nothing.")
@force_option
@device_option
@threads_option
def command(
    run: str,
    recipe: str | None,
    overrides: tuple[str, ...],
    resume: bool,
    dry_run: bool,
    force: bool,
    device: str,
    threads: int,
    **flags: Any,
) -> None:
    """Teach MODEL own labels, and judge it on held-out folds beside baselines that need no model.

    DATA is a table (TSV, CSV, Parquet) with the columns sequence and label, BED with --genome, or a FASTA a class as
    name=file; labels also come from --variants, --signal or --annotation. RUN receives the model with its card,
    results.json, predictions.tsv with every held-out row, figures and a log. SIGTERM and SIGUSR1 end it with code 75:
    the same command with --resume resumes it.
    """
    from dna_mamba.training.finetune import read_finetune_recipe
    from dna_mamba.training.finetune.outputs.directory import check_run_directory

    given = {_KEYS[name]: value for name, value in flags.items() if value not in (None, ())}
    settings = read_finetune_recipe(recipe, given, overrides)
    if not dry_run:
        check_run_directory(Path(run), resume=resume, force=force)  # before the rows are read
    setup_torch(threads)
    with _preempted_before_the_first_training(run):
        _run(settings, run, device, dry_run=dry_run, resume=resume, force=force)


def _run(
    settings: "FinetuneRecipe", run: str, device: str, *, resume: bool, dry_run: bool, force: bool
) -> None:
    from dna_mamba.runs.provenance import command_line
    from dna_mamba.training.finetune import FinetuneJob, Onlooker

    if settings.data.task == "annotation" or settings.data.annotation:
        _annotate(settings, run, device, resume=resume, dry_run=dry_run, force=force)
        return
    job = FinetuneJob(settings, run, resolve_device(device))
    if dry_run:
        _print_plan(job)
        return
    onlooker = Onlooker(log, lambda what, unit, total: progress(what, unit=unit, total=total))
    for line in job.run(onlooker, resume=resume, force=force, command=command_line()):
        click.echo(line)


@contextmanager
def _preempted_before_the_first_training(run: str) -> Iterator[None]:
    """Rows are read and compared before anything has to be kept: whoever ends that may have it done again."""
    try:
        yield
    except TerminatedError as error:
        if error.signum != signal.SIGTERM:
            raise
        what = "SIGTERM between trainings; what was done is kept"
        raise PreemptedError(what, place=run, remedy="run the same command with --resume") from None


def _annotate(
    settings: "FinetuneRecipe", run: str, device: str, *, resume: bool, dry_run: bool, force: bool
) -> None:
    """A head for every base, of genomes with their genes (docs/annotation.md)."""
    from dna_mamba.runs.provenance import command_line
    from dna_mamba.training.finetune.annotation import AnnotationJob
    from dna_mamba.training.loop.watcher import Watcher

    job = AnnotationJob(settings, run, resolve_device(device))
    if dry_run:
        log(job.plan())
        return
    watcher = Watcher(log, lambda total: progress("trained", unit="steps", total=total))
    for line in job.run(watcher, resume=resume, force=force, command=command_line()):
        click.echo(line)


def _print_plan(job: "FinetuneJob") -> None:
    """A table for programs to stdout, and sentences for people to stderr."""
    for note in job.survey.notes:
        log(note)
    plan = job.estimate()
    for name, value in plan._asdict().items():
        click.echo(f"{name}\t{value:.4g}" if isinstance(value, float) else f"{name}\t{value}")
    log(f"{plan.trainings} trainings will take about {format_duration(plan.seconds)}")
