"""Does a model's score know what a substitution does to a protein? A check that needs no labels.

Substitutions in coding sequences of contigs the model has not seen are called synonymous, missense or nonsense from the
annotation alone, and scored as ``dna-mamba score`` scores them. How well the score tells nonsense and missense from
synonymous (AUROC) stands beside predictors that need no model, also among substitutions of the same two bases at the
same place of a codon. Read docs/consequences.md before quoting a number.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.errors import InputError
from dna_mamba.evaluation.discrimination import Auroc, Comparison, compare
from dna_mamba.evaluation.predictors import codon_usage_llr, gc_lost, is_in_cpg, is_transversion, markov_llr, model_llr
from dna_mamba.evaluation.substitutions import CLASSES, MISSENSE, NONSENSE, Substitutions, every_substitution, sample
from dna_mamba.genome import Interval
from dna_mamba.inference.context import context_of
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.gff.rows import Annotation, CodingSequence
from dna_mamba.models import MaskedLanguageModel

MARKOV_FLANK_BP = 4
MODEL = "model LLR"
Scores = dict[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class ConsequenceOptions:
    """What is asked.

    Attributes:
        held_out: contigs whose substitutions are asked about.
        excluded: contigs that are neither asked about nor counted by the simpler predictors.
        per_class: substitutions drawn of each class; None takes all.
        context_bp: longest window the model reads; None is what it was trained on (``inference.context``).
        genetic_code: NCBI's number.
        n_resamples: of genes, for the intervals.
        seed: of the sample and of the resamples.
    """

    held_out: tuple[str, ...]
    excluded: tuple[str, ...] = ()
    per_class: int | None = 3000
    context_bp: int | None = None
    genetic_code: int = 1
    n_resamples: int = 500
    seed: int = 0


class ChosenSubstitutions(NamedTuple):
    """What is going to be scored, and what it was drawn from.

    ``left_out`` counts transcripts by reason; ``train`` and ``train_genes`` are what predictors may count.
    """

    rows: Substitutions
    n_before: dict[str, int]
    left_out: Counter[str]
    train: list[Interval]
    train_genes: list[CodingSequence]

    @property
    def n_sites(self) -> int:
        """Positions the model is asked about: a position counts once for all its substitutions."""
        return len(set(zip(self.rows.chrom.tolist(), self.rows.position.tolist(), strict=True)))


class ConsequenceReport(NamedTuple):
    """What was found: ``facts`` as plain JSON values; ``auroc`` by comparison, stratification and score."""

    facts: dict[str, Any]
    auroc: dict[str, dict[str, dict[str, Auroc]]]

    def rows(self) -> Iterator[tuple[str, str, str, Auroc]]:
        """One line of the table at a time: comparison, stratification, score, and its AUROC."""
        for comparison, table in self.auroc.items():
            for within, row in table.items():
                for score, auroc in row.items():
                    yield comparison, within, score, auroc

    def as_json(self) -> dict[str, Any]:
        """Facts, and under ``auroc`` the table."""
        tables = {
            comparison: {within: {score: a._asdict() for score, a in row.items()} for within, row in table.items()}
            for comparison, table in self.auroc.items()
        }
        return self.facts | {"auroc": tables}


def choose_substitutions(genome: FastaReader, genes: Annotation, options: ConsequenceOptions) -> ChosenSubstitutions:
    """Every substitution of the held-out coding sequences, and a seeded sample of each class.

    Raises:
        InputError: no such contig, no coding sequence on the held-out ones, or no contig left to count.
    """
    train = _train_contigs(genome, options)
    places = [Interval(chrom, 0, genome.length(chrom)) for chrom in dict.fromkeys(options.held_out)]
    return choose_on_places(genome, genes, options, places, train)


def choose_on_places(
    genome: FastaReader,
    genes: Annotation,
    options: ConsequenceOptions,
    held_out: Sequence[Interval],
    train: Sequence[Interval],
) -> ChosenSubstitutions:
    """As ``choose_substitutions``, of genes that lie within held-out places; predictors count on ``train``.

    Raises:
        InputError: no coding sequence within the held-out places.
    """
    sequences = [sequence for sequence in genes.sequences if _lies_in(sequence, held_out)]
    chroms = dict.fromkeys(place.chrom for place in held_out)
    every, left_out = every_substitution(genome, sequences, chroms, options.genetic_code)
    return ChosenSubstitutions(
        rows=sample(every, options.per_class, options.seed),
        n_before=_count_classes(every),
        left_out=genes.left_out + left_out,
        train=list(train),
        train_genes=[sequence for sequence in genes.sequences if _lies_in(sequence, train)],
    )


def _lies_in(sequence: CodingSequence, places: Iterable[Interval]) -> bool:
    """Whether a coding sequence begins and ends in the same place."""
    if not sequence.positions.size:
        return False
    first, last = int(sequence.positions.min()), int(sequence.positions.max())
    return any(sequence.chrom == place.chrom and place.start <= first and last < place.end for place in places)


def check_consequences(
    chosen: ChosenSubstitutions,
    genome: FastaReader,
    model: MaskedLanguageModel,
    options: ConsequenceOptions,
    *,
    batch_size: int | None = None,
    advance: Callable[[int], None] = lambda count: None,
) -> ConsequenceReport:
    """The AUROC of the model's score and of every simpler predictor, overall and within strata.

    Args:
        chosen: what ``choose_substitutions`` gave for the same genome and options.
        genome: what the substitutions are of.
        model: a language model on nucleotide tokens.
        options: what is asked.
        batch_size: sites in one forward pass; None takes what suits the device.
        advance: is told how many sites have just been scored.

    Raises:
        InputError: the model does not read single bases, has no reverse complement, or gives NaN or infinity.
    """
    rows = chosen.rows
    baselines = baseline_scores(chosen, genome)
    context_bp = context_of(model, options.context_bp)
    llr = model_llr(rows, genome, model, context_bp=context_bp, batch_size=batch_size, advance=advance)
    auroc = compare_all(rows, {MODEL: -llr, **baselines}, options)
    facts = {
        "reference_sha256": genome.fingerprint,
        "held_out": list(options.held_out),
        "excluded": list(options.excluded),
        "context_bp": context_bp,
        "genetic_code": options.genetic_code,
        "seed": options.seed,
        "resamples": options.n_resamples,
        "genes": len(set(rows.gene.tolist())),
        "substitutions": chosen.n_before,
        "scored": _count_classes(rows),
        "median_llr_nats": {name: _median(llr[rows.consequence == kind]) for kind, name in enumerate(CLASSES)},
        "left_out": dict(chosen.left_out),
    }
    return ConsequenceReport(facts, auroc)


def baseline_scores(chosen: ChosenSubstitutions, genome: FastaReader) -> Scores:
    """What needs no model, by name, (n,) each. Higher is worse; the direction of each is fixed beforehand."""
    rows = chosen.rows
    train_codes = (genome.codes(place.chrom, place.start, place.end) for place in chosen.train)
    flank = MARKOV_FLANK_BP
    return {
        f"Markov {flank}+{flank} LLR": -markov_llr(rows, genome, train_codes, flank),
        "transversion": is_transversion(rows),
        "in CpG": is_in_cpg(rows, genome),
        "GC lost": gc_lost(rows),
        "codon usage (told the frame)": -codon_usage_llr(rows, genome, chosen.train_genes),
    }


def compare_all(
    rows: Substitutions, scores: Mapping[str, NDArray[np.float64]], options: ConsequenceOptions
) -> dict[str, dict[str, dict[str, Auroc]]]:
    """Nonsense and missense against synonymous: AUROC by comparison, stratification and score."""
    return {
        f"{CLASSES[worse]} against synonymous": compare(
            rows,
            scores,
            Comparison.against_synonymous(rows, worse),
            n_resamples=options.n_resamples,
            seed=options.seed,
        )
        for worse in (NONSENSE, MISSENSE)
    }


def _train_contigs(genome: FastaReader, options: ConsequenceOptions) -> list[Interval]:
    """What simpler predictors may count: all contigs but those held out and excluded.

    Raises:
        InputError: a contig that the genome does not have, or none left.
    """
    aside = {*options.held_out, *options.excluded}
    for chrom in (*options.held_out, *options.excluded):
        genome.length(chrom)
    train = [Interval(contig.chrom, 0, contig.length) for contig in genome.contigs if contig.chrom not in aside]
    if not train:
        raise InputError("no contig is left for the baselines to count", remedy="hold out fewer")
    return train


def _count_classes(rows: Substitutions) -> dict[str, int]:
    counts = Counter(rows.consequence.tolist())
    return {name: counts[kind] for kind, name in enumerate(CLASSES)}


def _median(values: NDArray[np.float64]) -> float | None:
    return float(np.median(values)) if len(values) else None
