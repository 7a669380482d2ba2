"""What of a genome a model is asked about: held-out places, sites of every kind, motifs, probes, substitutions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from dna_mamba.alphabet import Codes
from dna_mamba.annotation.codons import PROKARYOTIC_CODES
from dna_mamba.annotation.fitting import FittedAnnotation, fit_annotation
from dna_mamba.data.shares import PartPlaces
from dna_mamba.data.splits import split_genome
from dna_mamba.errors import InputError
from dna_mamba.evaluation.consequences import ChosenSubstitutions, ConsequenceOptions, choose_on_places
from dna_mamba.evaluation.knowledge.bits import KindSample, sample_kinds
from dna_mamba.evaluation.knowledge.intervals import block_bp
from dna_mamba.evaluation.knowledge.kinds import paint
from dna_mamba.evaluation.knowledge.motifs.landmarks import find_landmarks
from dna_mamba.evaluation.knowledge.motifs.listed import motifs_of
from dna_mamba.evaluation.knowledge.motifs.places import FEWEST_PLACES, Held, MotifPlaces, place_motif
from dna_mamba.evaluation.knowledge.probe_sites import ProbeSites, choose_probe_sites
from dna_mamba.evaluation.knowledge.sites import Chart, Sites
from dna_mamba.genome import Interval
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.gff.transcripts import GenomeAnnotation

_HELD_OUT_SHARE = 0.1
_PLACES_SHARE = 10
_PROBE_SHARE = 2


@dataclass(frozen=True, slots=True)
class KnowledgeOptions:
    """What is asked.

    Attributes:
        held_out: contigs, patterns, stretches ``contig:1-1000`` (1-based inclusive) or BED files; empty takes the
            last tenth of each contig.
        excluded: such places that are neither asked about nor counted by baselines.
        n_sites: bases of each kind; a tenth as many places of each motif, twice as many bases for probes, and as many
            substitutions of each class.
        genetic_code: NCBI's number; None takes what the annotation says.
        n_resamples: for intervals.
        seed: of samples, resamples and the untrained model.
    """

    held_out: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    n_sites: int = 1000
    genetic_code: int | None = None
    n_resamples: int = 500
    seed: int = 0


class KnowledgePlan(NamedTuple):
    """What will be asked. ``left_out`` says by name why a motif or check has no answer."""

    held: Held
    train: tuple[Interval, ...]
    annotation: FittedAnnotation
    kinds: list[KindSample]
    motifs: list[MotifPlaces]
    probes: ProbeSites
    substitutions: ChosenSubstitutions | None
    left_out: dict[str, str]
    block_bp: int

    @property
    def sites(self) -> Sites:
        """Every site that kinds and motifs need, sorted, each once."""
        wanted = [sample.sites for sample in self.kinds]
        wanted += [sites.ravel() for places in self.motifs for sites in (places.sites, places.control)]
        return np.unique(np.concatenate(wanted))

    def train_sequences(self, genome: FastaReader) -> list[Codes]:
        """Base codes of what baselines may count."""
        return [genome.codes(place.chrom, place.start, place.end) for place in self.train]

    def held_out_sequences(self) -> list[Codes]:
        """Base codes of what is held out."""
        return [self.held.codes[place.chrom][place.start : place.end] for place in self.held.places]


def make_plan(
    genome: FastaReader, annotation: GenomeAnnotation, options: KnowledgeOptions, *, context_bp: int, place: str
) -> KnowledgePlan:
    """Choose everything that will be asked; ``place`` names the annotation in errors.

    Raises:
        InputError: held-out places are not in the genome or leave nothing to count, the annotation is not one of the
            genome, or says nothing of the held-out places.
    """
    fitted = fit_annotation(annotation, genome, genetic_code=options.genetic_code, place=place)
    held_out, train = _split(genome, options, context_bp)
    _require_annotated(fitted, held_out, place)
    chroms = dict.fromkeys(item.chrom for item in held_out)
    codes = {chrom: genome.codes(chrom) for chrom in chroms}
    painted = {chrom: paint(chrom, codes[chrom], fitted) for chrom in chroms}
    held = Held(held_out, codes, painted, Chart.of(genome.contigs))
    left_out: dict[str, str] = {}
    group_bp = block_bp(sum(map(len, held_out)))
    return KnowledgePlan(
        held,
        train,
        fitted,
        sample_kinds(painted, held_out, held.chart, options.n_sites, options.seed),
        _place_motifs(fitted, held, options, left_out),
        choose_probe_sites(
            painted,
            fitted.coding.sequences,
            held_out,
            n_sites=_PROBE_SHARE * options.n_sites,
            context_bp=context_bp,
            group_bp=group_bp,
            seed=options.seed,
        ),
        _choose_substitutions(genome, fitted, options, context_bp, held_out, train, left_out),
        left_out,
        group_bp,
    )


def consequence_options(fitted: FittedAnnotation, options: KnowledgeOptions, context_bp: int) -> ConsequenceOptions:
    """The consequence check's options for the same question."""
    return ConsequenceOptions(
        options.held_out,
        options.excluded,
        options.n_sites,
        context_bp,
        fitted.genetic_code,
        options.n_resamples,
        options.seed,
    )


def _split(
    genome: FastaReader, options: KnowledgeOptions, context_bp: int
) -> tuple[tuple[Interval, ...], tuple[Interval, ...]]:
    """Held-out places and what is left for baselines, a window away."""
    lengths: Mapping[str, Codes] = {chrom: _Lengths(length) for chrom, length in genome.contigs}  # type: ignore[misc]
    rules: Sequence[str | PartPlaces] = options.held_out or (PartPlaces(last=_HELD_OUT_SHARE),)
    try:
        split = split_genome(lengths, validation=rules, exclude=options.excluded, margin_bp=context_bp)
    except InputError as error:
        where = str(error.place or "").replace("genome.validation", "--held-out").replace("genome.exclude", "--exclude")
        where = "--held-out" if where in ("", "genome") else where
        remedy = error.remedy if options.held_out else f"{error.remedy}; or name what to hold out with --held-out"
        raise InputError(error.what, place=where, remedy=remedy) from None
    return split.validation, tuple(item for item in split.train if len(item))


class _Lengths:
    """A contig of which only the length is asked: a split reads no base."""

    def __init__(self, length: int) -> None:
        self._length = length

    def __len__(self) -> int:
        return self._length


def _require_annotated(fitted: FittedAnnotation, held_out: Sequence[Interval], place: str) -> None:
    for item in fitted.transcripts:
        if any(item.chrom == p.chrom and item.start < p.end and p.start < item.end for p in held_out):
            return
    shown = ", ".join(str(p) for p in held_out[:3]) + (" ..." if len(held_out) > 3 else "")
    raise InputError(f"annotates nothing on {shown}", place=place, remedy="hold out contigs that it annotates")


def _place_motifs(
    fitted: FittedAnnotation, held: Held, options: KnowledgeOptions, left_out: dict[str, str]
) -> list[MotifPlaces]:
    landmarks = find_landmarks(fitted, held.codes, held.places)
    n_places = max(FEWEST_PLACES, options.n_sites // _PLACES_SHARE)
    placed = []
    for motif in motifs_of(landmarks, is_prokaryote=fitted.genetic_code in PROKARYOTIC_CODES):
        found = place_motif(motif, landmarks, held, n_places, options.seed)
        if isinstance(found, int):
            left_out[motif.name] = f"{found} places, and {FEWEST_PLACES} are needed"
        else:
            placed.append(found)
    return placed


def _choose_substitutions(
    genome: FastaReader,
    fitted: FittedAnnotation,
    options: KnowledgeOptions,
    context_bp: int,
    held_out: Sequence[Interval],
    train: Sequence[Interval],
    left_out: dict[str, str],
) -> ChosenSubstitutions | None:
    asked = consequence_options(fitted, options, context_bp)
    try:
        return choose_on_places(genome, fitted.coding, asked, held_out, train)
    except InputError as error:
        left_out["consequences"] = error.what
        return None
