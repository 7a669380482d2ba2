"""Does a model's score know what a substitution does to a protein? A check that needs no labels.

``python pipelines/consequences.py genome.fa annotation.gff3 -m MODEL --held-out chrXV --held-out chrXVI -o out.json``

Substitutions in coding sequences of contigs the model has not seen are called synonymous, missense or nonsense from the
annotation alone, and scored as ``dna-mamba score`` scores them. How well the score tells nonsense and missense from
synonymous (AUROC) stands beside predictors that need no model, also among substitutions of the same two bases at the
same place of a codon. The model is never told where codons begin. Read docs/consequences.md before quoting a number.
"""

import json
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from dna_mamba.checkpoints import weights_sha256
from dna_mamba.cli.console import log, progress
from dna_mamba.cli.exits import Session, run_and_report
from dna_mamba.cli.options import (
    batch_size_option,
    device_option,
    force_option,
    model_option,
    resolve_device,
    setup_torch,
    threads_option,
)
from dna_mamba.errors import InputError
from dna_mamba.evaluation.discrimination import Auroc, Comparison, compare
from dna_mamba.evaluation.predictors import codon_usage_llr, gc_lost, is_in_cpg, is_transversion, markov_llr, model_llr
from dna_mamba.evaluation.substitutions import CLASSES, MISSENSE, NONSENSE, Substitutions, every_substitution, sample
from dna_mamba.inference.open import as_model
from dna_mamba.io.atomic import atomic_output, check_target
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.gff import Annotation, read_coding

MARKOV_FLANK_BP = 4
Scores = dict[str, NDArray[np.float64]]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("genome", metavar="GENOME.fa", type=click.Path())
@click.argument("annotation", metavar="GENES.gff3|gtf", type=click.Path())
@model_option
@click.option("--held-out", multiple=True, required=True, metavar="CHR", help="Contig to ask about; may be repeated.")
@click.option("--exclude", multiple=True, metavar="CHR", help="Contig that is neither asked about nor counted.")
@click.option("--per-class", type=click.IntRange(min=0), default=3000, show_default=True, help="0 takes all.")
@click.option("--context", type=click.IntRange(min=1), default=256, show_default=True, help="Window in bp.")
@click.option("--genetic-code", type=int, default=1, show_default=True, help="NCBI's number.")
@click.option(
    "--resamples", type=click.IntRange(min=0), default=500, show_default=True, help="Of genes, for intervals."
)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("-o", "--output", metavar="OUT.json", type=click.Path(), help="Everything that is printed, and more.")
@batch_size_option("Sites")
@device_option
@threads_option
@force_option
def command(
    genome: str,
    annotation: str,
    model: str,
    held_out: tuple[str, ...],
    exclude: tuple[str, ...],
    per_class: int,
    context: int,
    genetic_code: int,
    resamples: int,
    seed: int,
    output: str | None,
    batch_size: int | None,
    device: str,
    threads: int,
    force: bool,
) -> None:
    """AUROC of a model's score for nonsense and missense against synonymous substitutions of held-out contigs."""
    if output is not None:
        check_target(output, force=force)
    setup_torch(threads)
    network = as_model(model, resolve_device(device))
    genes = read_coding(annotation)
    with FastaReader(genome) as reader:
        every, left_out = every_substitution(reader, genes.sequences, held_out, genetic_code)
        chosen = sample(every, per_class or None, seed)
        scores = _baselines(chosen, reader, genes, train_contigs(reader, held_out, exclude))
        n_sites = len(set(zip(chosen.chrom.tolist(), chosen.position.tolist(), strict=True)))
        with progress("scored", unit="sites", total=n_sites) as advance:
            llr = model_llr(chosen, reader, network, context_bp=context, batch_size=batch_size, advance=advance)
        results = evaluate(chosen, {"model LLR": -llr, **scores}, resamples, seed)
        facts = {
            "model": model,
            "weights_sha256": weights_sha256(model),
            "reference_sha256": reader.fingerprint,
            "held_out": held_out,
            "excluded": exclude,
            "context_bp": context,
            "genetic_code": genetic_code,
            "seed": seed,
            "resamples": resamples,
            "genes": len(set(chosen.gene.tolist())),
            "substitutions": _counts(every),
            "scored": _counts(chosen),
            "median_llr_nats": {name: _median(llr, chosen, kind) for kind, name in enumerate(CLASSES)},
            "left_out": genes.left_out + left_out,
        }
    _print(facts, results)
    if output is not None:
        as_dicts = {
            worse: {name: {key: auroc._asdict() for key, auroc in row.items()} for name, row in table.items()}
            for worse, table in results.items()
        }
        with atomic_output(output, force=force) as stream:
            stream.write((json.dumps(facts | {"auroc": as_dicts}, indent=1) + "\n").encode())


def train_contigs(reader: FastaReader, held_out: tuple[str, ...], exclude: tuple[str, ...]) -> list[str]:
    """What baselines may count: all contigs but these.

    Raises:
        InputError: a contig that the genome has not, or none left.
    """
    for chrom in (*held_out, *exclude):
        reader.length(chrom)
    train = [contig.chrom for contig in reader.contigs if contig.chrom not in {*held_out, *exclude}]
    if not train:
        raise InputError("no contig is left for the baselines to count", remedy="hold out fewer")
    return train


def _baselines(chosen: Substitutions, reader: FastaReader, genes: Annotation, train: list[str]) -> Scores:
    """Higher is worse; the direction of each is fixed beforehand."""
    train_codes = (reader.codes(chrom) for chrom in train)
    train_genes = [sequence for sequence in genes.sequences if sequence.chrom in set(train)]
    flank = MARKOV_FLANK_BP
    return {
        f"Markov {flank}+{flank} LLR": -markov_llr(chosen, reader, train_codes, flank),
        "transversion": is_transversion(chosen),
        "in CpG": is_in_cpg(chosen, reader),
        "GC lost": gc_lost(chosen),
        "codon usage (told the frame)": -codon_usage_llr(chosen, reader, train_genes),
    }


def evaluate(
    chosen: Substitutions, scores: Mapping[str, NDArray[np.float64]], n_resamples: int, seed: int
) -> dict[str, dict[str, dict[str, Auroc]]]:
    """By comparison, stratification and score."""
    return {
        f"{CLASSES[worse]} against synonymous": compare(
            chosen, scores, Comparison.against_synonymous(chosen, worse), n_resamples=n_resamples, seed=seed
        )
        for worse in (NONSENSE, MISSENSE)
    }


def _counts(substitutions: Substitutions) -> dict[str, int]:
    counts = Counter(substitutions.consequence.tolist())
    return {name: counts[kind] for kind, name in enumerate(CLASSES)}


def _median(llr: NDArray[np.float64], chosen: Substitutions, kind: int) -> float | None:
    values = llr[chosen.consequence == kind]
    return float(np.median(values)) if len(values) else None


def _print(facts: Mapping[str, Any], results: Mapping[str, Mapping[str, Mapping[str, Auroc]]]) -> None:
    """Tables to standard output, what was left out to standard error."""
    for reason, count in facts["left_out"].items():
        if count:
            log(f"left out {count:,} transcripts: {reason}")
    log(f"{facts['genes']:,} genes; substitutions {facts['substitutions']}, of which scored {facts['scored']}")
    click.echo("comparison\twithin\tscore\tauroc\tlow\thigh")
    for worse, table in results.items():
        for within, row in table.items():
            for score, auroc in row.items():
                click.echo(f"{worse}\t{within}\t{score}\t" + "\t".join(f"{value:.3f}" for value in auroc))


def main() -> None:
    """Run the command; an error is one line and an exit code."""
    sys.exit(run_and_report(lambda: command.main(standalone_mode=False), "consequences.py", Session()))


if __name__ == "__main__":
    main()
