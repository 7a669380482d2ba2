"""``dna-mamba explain``: what each base contributes to what a head, or a variant's score, says."""

from typing import TYPE_CHECKING, TypedDict

import click

from dna_mamba.cli.console import log, log_precision, print_estimate, progress
from dna_mamba.cli.figures import MOST_FIGURE_BP, check_figure, figure_option, write_figure
from dna_mamba.cli.options import model_option, refuse_options, resolve_device, run_options, setup_torch
from dna_mamba.cli.regions import read_regions, region_options
from dna_mamba.cli.resuming import resume_option, telling_what_is_kept
from dna_mamba.errors import InputError

if TYPE_CHECKING:
    import torch

    from dna_mamba.explain import Attribution, ExplainedSequences, ExplainedVariants, ExplainSummary
    from dna_mamba.explain.items import ExplainMethod
    from dna_mamba.explain.soft import ComparedWith
    from dna_mamba.explain.variants import LikelihoodKind
    from dna_mamba.models.precision import Precision
    from dna_mamba.scoring.variants.assess import CheckRef

_LARGE_GAP = 0.05
"""Of the size of all attributions: a larger error of their sum is told."""


@click.command()
@click.argument("inputs", type=click.Path(), metavar="[IN]", required=False)
@model_option
@click.option(
    "-f",
    "--reference",
    metavar="REF.fa",
    type=click.Path(),
    help="Genome, with the variants of IN (VCF), or with regions of -r or -R.",
)
@region_options("Explain this place on REF.fa, read alone", "Explain the places of a BED file")
@click.option(
    "-o",
    "--output",
    default="-",
    metavar="OUT",
    type=click.Path(),
    help=".npz, .tsv, .tsv.gz, or of sequences and regions .bw or .bedgraph; a table to standard output if not given.",
)
@figure_option("Logo of the first sequence or allele")
@click.option(
    "--method",
    type=click.Choice(["integrated-gradients", "input-x-gradient", "ism"]),
    default="integrated-gradients",
    show_default=True,
    help="Gradients over the way from a baseline, gradients at the sequence, or every substitution in turn.",
)
@click.option(
    "--baseline",
    type=click.Choice(["mask", "uniform", "unknown"]),
    show_default="mask; uniform for input-x-gradient",
    help="What gradients compare with: masked bases, a quarter of each base, or N.",
)
@click.option(
    "--steps", type=click.IntRange(min=1, max=1000), default=64, show_default=True, help="Of integrated gradients."
)
@click.option("--target", metavar="NAME", help="Class, label or target explained; default the predicted one.")
@click.option(
    "--at",
    type=click.IntRange(min=1),
    show_default="the middle",
    metavar="POS",
    help="Of a head along the sequence: the position (from 1) whose answer is explained.",
)
@click.option(
    "--scores",
    type=click.Choice(["llr", "wt-llr"]),
    default="llr",
    show_default=True,
    help="Of a language model: which log-likelihood ratio of an allele is explained.",
)
@click.option(
    "--context",
    type=click.IntRange(min=1),
    metavar="BP",
    show_default="what the model was trained on",
    help="Of variants: longest window, the change in its middle.",
)
@click.option(
    "--check-ref",
    type=click.Choice(["w", "x", "s", "e"]),
    default="w",
    show_default=True,
    help="As in score: what a REF that differs from REF.fa means.",
)
@resume_option
@run_options(None)
def command(
    inputs: str | None,
    model: str,
    reference: str | None,
    regions: tuple[str, ...],
    regions_bed: str | None,
    output: str,
    figure: str | None,
    method: "ExplainMethod",
    baseline: "ComparedWith | None",
    steps: int,
    target: str | None,
    at: int | None,
    scores: "LikelihoodKind",
    context: int | None,
    check_ref: "CheckRef",
    resume: bool,
    device: str,
    precision: "Precision",
    threads: int,
    dry_run: bool,
    force: bool,
    no_version: bool,
) -> None:
    """Say what each base of each sequence of IN contributes to what a model with a head says of it.

    With -f, IN is a VCF: what each base of an allele's window contributes to its log-likelihood ratio under a language
    model, or to what a head for variants says. A class is explained by its log odds, a value in its own units.
    Attributions of integrated gradients add up to the score less that of the baseline. OUT holds, for each base, its
    attribution and what A, C, G and T would contribute in its place.
    """
    from dna_mamba.explain import ExplainedVariants, Explaining, ExplainJob
    from dna_mamba.explain.files import output_kind
    from dna_mamba.io.atomic import check_target
    from dna_mamba.runs.provenance import command_line

    output_kind(output)
    check_target(output, force=force)
    if figure:
        check_figure(figure, force=force)
    setup_torch(threads)
    source: ExplainedSequences | ExplainedVariants
    running: _Running = {"target": target, "device": resolve_device(device), "precision": precision}
    if inputs is not None and reference is not None:
        refuse_options("variants", region=regions, regions_bed=regions_bed, at=at)
        source = ExplainedVariants(
            inputs, reference, model, likelihood=scores, context_bp=context, check_ref=check_ref, **running
        )
    else:
        refuse_options("sequences", context=context)
        source = _sequences(inputs, reference, model, (regions, regions_bed), at, running)
    job = ExplainJob(source, Explaining(method, baseline, steps))
    if dry_run:
        facts = job.estimate()
        click.echo(f"{source.what}\t{facts.n_items}")
        print_estimate(facts.passes)
        return
    shown: list[Attribution] = []
    total = source.survey() if source.is_repeatable else None
    with telling_what_is_kept(output, resume=resume), progress("explained", unit=source.what, total=total) as advance:
        summary = job.run(
            output,
            resume=resume,
            force=force,
            command=None if no_version else command_line(),
            take=lambda found: _keep(found, shown) if figure else None,
            advance=advance,
        )
    log_precision(precision, job.precision)
    _tell(summary, source.what, method)
    if figure:
        _draw(figure, shown, source, method, force=force)


class _Running(TypedDict):
    """Where and how the model runs, and which of its outputs is explained."""

    target: str | None
    device: "torch.device"
    precision: "Precision"


def _sequences(
    path: str | None,
    reference: str | None,
    model: str,
    places: tuple[tuple[str, ...], str | None],
    at: int | None,
    running: "_Running",
) -> "ExplainedSequences":
    """``at`` is 1-based."""
    from dna_mamba.explain import ExplainedSequences
    from dna_mamba.io.fasta import FastaReader

    regions, regions_bed = places
    place = None if at is None else at - 1
    if path is not None:
        if regions or regions_bed:
            raise InputError("regions belong to a genome", place=path, remedy="give it with -f")
        return ExplainedSequences(path, model, at=place, **running)
    if reference is None:
        raise InputError("give IN, or a genome with -f and regions with -r or -R")
    if not (regions or regions_bed):
        raise InputError("no region", place="--reference", remedy="give -r or -R, or a VCF of variants")
    genome = FastaReader(reference)
    found = read_regions(regions, regions_bed, genome, stranded=True)
    return ExplainedSequences(genome, model, regions=found, at=place, **running)


def _keep(found: "Attribution", shown: "list[Attribution]") -> None:
    if not shown and 0 < len(found.item) <= MOST_FIGURE_BP:
        shown.append(found)


def _tell(summary: "ExplainSummary", what: str, method: str) -> None:
    n_without = summary.n_items - summary.n_explained
    if n_without:
        log(f"{n_without:,} of {summary.n_items:,} {what} have no explanation; the column status says why")
    share, name = summary.worst_gap
    if method == "integrated-gradients" and share > _LARGE_GAP:
        log(f"warning: the sum of attributions is off by up to {share:.0%} of their size ({name}); give more --steps")


def _draw(
    path: str,
    shown: "list[Attribution]",
    source: "ExplainedSequences | ExplainedVariants",
    method: str,
    *,
    force: bool,
) -> None:
    from dna_mamba.alphabet import decode_bases
    from dna_mamba.plotting import Marked, attribution_logo

    if not shown:
        raise InputError(f"no explanation of at most {MOST_FIGURE_BP:,} bp", place=path, remedy="leave --figure out")
    (found,) = shown
    item = found.item
    (alleles,) = item.parts.nonzero()
    marked = [Marked(int(alleles[0]), int(alleles[-1]) + 1, "ref | alt")] if len(alleles) else []
    figure = attribution_logo(
        decode_bases(item.codes),
        found.values_L5[:, 0],
        (item.positions + 1).tolist(),
        chrom=item.chrom,
        unit=source.unit,
        title=f"{item.name}: {source.outputs[found.output]}, {found.score:.3g} {source.unit}, {method}",
        marked=marked,
    )
    write_figure(figure, path, force=force)
