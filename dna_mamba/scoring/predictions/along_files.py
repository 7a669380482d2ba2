"""Answers along contigs as tables, BED, bigWig, bedGraph and GFF3."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from dna_mamba.annotation.adaptation import Adaptation
from dna_mamba.annotation.labels import is_annotation
from dna_mamba.errors import InputError
from dna_mamba.genome import Contig
from dna_mamba.io.gff.writer import gff3_header
from dna_mamba.models import HeadConfig
from dna_mamba.runs.table_lines import format_number
from dna_mamba.runs.track_files import TrackFile, check_files, track_files, write_track
from dna_mamba.scoring.predictions.genes import gene_lines, learn_genome
from dna_mamba.scoring.predictions.layout import AlongAnswers
from dna_mamba.scoring.predictions.status import STATUS, RowStatus
from dna_mamba.scoring.predictions.target import PredictionTarget, open_lines

_TRACKS = ("bigwig", "bedgraph")
_MOST_SCORE = 1000
_GENES_LINE = "#dna-mamba_predictGenes="


class OutputTrack(NamedTuple):
    """One output of a head as a track."""

    name: str
    description: str

    @property
    def label(self) -> str:
        """The name as part of a file's."""
        return "".join(letter if letter.isalnum() or letter in "+-_." else "-" for letter in self.name)


class ClassRun(NamedTuple):
    """Neighbouring bases of one most likely class, 0-based half-open, and the mean of its probabilities."""

    chrom: str
    start: int
    end: int
    which: int
    mean: float


def output_files(target: PredictionTarget, head: HeadConfig, contigs: Sequence[Contig]) -> list[str]:
    """The files that a run writes, a track an output.

    Raises:
        InputError: the head or the genome has no such format.
    """
    if target.format == "gff3" and not is_annotation(head.outputs):
        what = "GFF3 holds genes, and the classes of this head are not those of an annotation"
        raise InputError(what, place=target.path, remedy="write .bed, .bw or .tsv, or train with --task annotation")
    if target.format not in _TRACKS:
        return [str(target.path)]
    files = _track_files(target, head)
    check_files(files, contigs)
    return [file.path for file in files]


def write_along(answers: AlongAnswers, target: PredictionTarget, header: Sequence[str], *, force: bool) -> list[str]:
    """Write what was answered, each file whole or not at all. Returns lines for people.

    Raises:
        InputError: a file exists and not ``force``, or cannot be made.
        MachineError: the disk is full.
    """
    if target.format in _TRACKS:
        for column, file in enumerate(_track_files(target, answers.head)):
            regions = {chrom: answers.regions.get(chrom, ()) for chrom, _ in answers.contigs}
            write_track(file, answers.contigs, answers.stretches(column), regions, header, force=force)
        return []
    target = target._replace(force=force)
    learnt = learn_genome(answers) if target.format == "gff3" else None
    above, lines, integers, floats = _lines_of(answers, target, header, learnt)
    with open_lines(target, above, integers=integers, floats=floats) as write:
        for line in lines:
            write(line)
    return [] if learnt is None else [f"genes: {learnt.described()}"]


def _lines_of(
    answers: AlongAnswers, target: PredictionTarget, header: Sequence[str], learnt: Adaptation | None
) -> tuple[list[str], Iterator[str], Sequence[str], Sequence[str]]:
    """The lines above, those below, and which columns hold whole numbers and others."""
    if learnt is not None:
        version, *contigs = gff3_header(answers.contigs)
        above = [version, *(line[1:] for line in header), _GENES_LINE + learnt.described(), *contigs]
        return above, gene_lines(answers, learnt.statistics), (), ()
    if target.format == "bed":
        names = "#chrom\tstart\tend\tclass\tscore\tstrand\tprobability"
        return [*header, names], (_bed_line(run, answers.head) for run in class_runs(answers)), (), ()
    names = "\t".join(["id", "start", "end", *answers.head.outputs, STATUS])
    return [*header, names], table_lines(answers), ("start", "end"), answers.head.outputs


def class_runs(answers: AlongAnswers) -> Iterator[ClassRun]:
    """Stretches of the most likely class within regions; N ends one, the edge of a part does not."""
    last: ClassRun | None = None
    for number, unit in enumerate(answers.units):
        values = answers.values(number)
        known = answers.known(number) & answers.wanted(number)
        best = np.where(known, np.nan_to_num(values).argmax(axis=1), -1)
        edges = [0, *(np.flatnonzero(np.diff(best)) + 1).tolist(), len(best)]
        for first, end in pairwise(edges):
            index = int(best[first])
            if index < 0:
                continue
            mean = float(values[first:end, index].mean(dtype=np.float64))
            run = ClassRun(unit.chrom, unit.start + first, unit.start + end, index, mean)
            if last is not None and (last.chrom, last.end, last.which) == (run.chrom, run.start, run.which):
                run = _joined(last, run)
            elif last is not None:
                yield last
            last = run
    if last is not None:
        yield last


def _joined(left: ClassRun, right: ClassRun) -> ClassRun:
    n_left, n_right = left.end - left.start, right.end - right.start
    mean = (left.mean * n_left + right.mean * n_right) / (n_left + n_right)
    return right._replace(start=left.start, mean=mean)


def table_lines(answers: AlongAnswers) -> Iterator[str]:
    """A row for each base or bin of a region."""
    for number, unit in enumerate(answers.units):
        values, known = answers.values(number), answers.known(number)
        for index in np.flatnonzero(answers.wanted(number)).tolist():
            start = unit.start + index * unit.bin_bp
            numbers = (format_number(value if known[index] else None) for value in values[index])
            status = RowStatus.OK if known[index] else RowStatus.N_ONLY
            yield "\t".join([unit.chrom, str(start), str(start + unit.bin_bp), *numbers, status])


def _track_files(target: PredictionTarget, head: HeadConfig) -> list[TrackFile]:
    kind = "probability of" if head.kind in ("classes", "labels") else "value of"
    return track_files(target.path, [OutputTrack(output, f"{kind} {output}") for output in head.outputs])


def _bed_line(run: ClassRun, head: HeadConfig) -> str:
    """The score is 1000 times the mean probability; the strand that of a class that belongs to one."""
    name = head.outputs[run.which]
    strand = name[-1] if head.complement is not None and name[-1] in "+-" else "."
    score = round(_MOST_SCORE * run.mean)
    return f"{run.chrom}\t{run.start}\t{run.end}\t{name}\t{score}\t{strand}\t{format_number(run.mean)}"
