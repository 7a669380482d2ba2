"""``dna-mamba evaluate model``: what a model knows of a genome, in one table (docs/evaluation.md)."""

import json
from typing import TYPE_CHECKING, Any

import click

from dna_mamba.cli.console import log, log_context, log_precision, progress
from dna_mamba.cli.options import (
    batch_size_option,
    context_option,
    device_option,
    force_option,
    model_option,
    precision_option,
    resolve_device,
    setup_torch,
    threads_option,
)

if TYPE_CHECKING:
    from dna_mamba.evaluation.knowledge.plan import KnowledgePlan
    from dna_mamba.evaluation.knowledge.report import KnowledgeReport
    from dna_mamba.models.precision import Precision


@click.command()
@model_option
@click.option("--genome", required=True, metavar="GENOME.fa", type=click.Path(), help="FASTA, GenBank or EMBL.")
@click.option(
    "--annotation", required=True, metavar="GENES", type=click.Path(), help="Its GFF3, GTF, GenBank or EMBL file."
)
@click.option(
    "--held-out",
    multiple=True,
    metavar="PLACE",
    show_default="the last tenth of each contig",
    help="What the model has not seen: contig, pattern, contig:start-end (1-based) or BED file; may be repeated.",
)
@click.option("--exclude", multiple=True, metavar="PLACE", help="Place that is neither asked about nor counted.")
@click.option(
    "--sites", type=click.IntRange(min=50), default=1000, show_default=True, help="Bases asked of each kind."
)
@click.option("--genetic-code", type=int, show_default="as the annotation states", help="NCBI's number.")
@click.option("--resamples", type=click.IntRange(min=0), default=500, show_default=True, help="For intervals.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of samples and resamples.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with everything, in place of the table.")
@click.option(
    "-o", "--output", metavar="OUT", type=click.Path(), help="Write there what is printed; JSON if it ends in .json."
)
@click.option("--figure", metavar="FIG.svg|png|pdf", type=click.Path(), help="Draw the motifs as sequence logos.")
@context_option
@batch_size_option("Windows")
@device_option
@precision_option
@threads_option
@force_option
def command(
    model: str,
    genome: str,
    annotation: str,
    held_out: tuple[str, ...],
    exclude: tuple[str, ...],
    sites: int,
    genetic_code: int | None,
    resamples: int,
    seed: int,
    as_json: bool,
    output: str | None,
    figure: str | None,
    context: int | None,
    batch_size: int | None,
    device: str,
    precision: "Precision",
    threads: int,
    force: bool,
) -> None:
    """What a model knows of a genome, beside Markov baselines and other predictors that need no training.

    Bits a base by kind of sequence, the consequence check, motifs and linear probes, on held-out sequence, as one
    Markdown table on standard output.
    """
    from dna_mamba.checkpoints import weights_sha256
    from dna_mamba.evaluation.knowledge.plan import KnowledgeOptions, make_plan
    from dna_mamba.evaluation.knowledge.report import evaluate_model
    from dna_mamba.evaluation.knowledge.table import markdown_table
    from dna_mamba.inference.context import context_of
    from dna_mamba.inference.open import as_model
    from dna_mamba.io.fasta import FastaReader
    from dna_mamba.io.genbank_features import read_annotation
    from dna_mamba.models.precision import precision_of

    _check_targets(output, figure, force=force)
    options = KnowledgeOptions(held_out, exclude, sites, genetic_code, resamples, seed)
    setup_torch(threads)
    network = as_model(model, resolve_device(device), precision)
    context_bp = context_of(network, context)
    read = read_annotation(annotation)
    with FastaReader(genome) as reader:
        plan = make_plan(reader, read, options, context_bp=context_bp, place=annotation)
        _announce(plan, context, context_bp, by_default=not held_out)
        log_precision(precision, precision_of(network))
        report = evaluate_model(
            plan, reader, network, options, context_bp=context_bp, batch_size=batch_size, progress=progress
        )
    for name, reason in report.facts["not_asked"].items():
        log(f"not asked: {name} ({reason})")
    facts = {"model": model, "weights_sha256": weights_sha256(model), "precision": precision_of(network)}
    content = facts | report.as_json()
    is_json = as_json or bool(output and output.endswith(".json"))
    text = json.dumps(content, indent=1) if as_json else markdown_table(report)
    click.echo(text)
    if output is not None:
        _write(output, content if is_json else text, force=force)
    if figure is not None:
        _draw(figure, plan, report, force=force)


def _check_targets(output: str | None, figure: str | None, *, force: bool) -> None:
    from dna_mamba.io.atomic import check_target

    if output is not None:
        check_target(output, force=force)
    if figure is not None:
        from dna_mamba.extras import need
        from dna_mamba.plotting.figures import figure_format

        figure_format(figure)
        need("matplotlib", what="--figure")
        check_target(figure, force=force)


def _announce(plan: "KnowledgePlan", context: int | None, context_bp: int, *, by_default: bool) -> None:
    """What will be asked, before it takes minutes."""
    for note in plan.annotation.notes:
        log(note)
    n_bp = sum(map(len, plan.held.places))
    which = "the last tenth of each contig (name what the model has not seen with --held-out)" if by_default else ""
    log(f"held out: {n_bp:,} bp" + (f", {which}" if which else ""))
    log_context(context, context_bp)
    n_substituted = 0 if plan.substitutions is None else plan.substitutions.n_sites
    n_windows = len(plan.probes.windows)
    log(f"asking at {len(plan.sites):,} masked and {n_substituted:,} substituted sites, and in {n_windows:,} windows")


def _write(output: str, content: dict[str, Any] | str, *, force: bool) -> None:
    from dna_mamba.io.atomic import atomic_output

    text = content if isinstance(content, str) else json.dumps(content, indent=1)
    with atomic_output(output, force=force) as stream:
        stream.write((text + "\n").encode())


def _draw(figure: str, plan: "KnowledgePlan", report: "KnowledgeReport", *, force: bool) -> None:
    from dna_mamba.evaluation.knowledge.motifs.gain import motif_logos
    from dna_mamba.plotting.figures import save_figure
    from dna_mamba.plotting.motif_logos import motif_figure

    logos = motif_logos(plan.motifs, report.answered, report.facts["best_baseline"])
    panels = [
        (f"{one.name} ({one.n_places:,})", one.offsets, {"observed": one.observed, **one.expected}) for one in logos
    ]
    save_figure(motif_figure(panels), figure, force=force)
