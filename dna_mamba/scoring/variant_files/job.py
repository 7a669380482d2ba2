"""A VCF in, the same VCF (or a table) with scores out."""

import os
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from dna_mamba.errors import InputError
from dna_mamba.genome import Variant
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.paths import display_name
from dna_mamba.io.vcf import VcfReader, VcfRecord
from dna_mamba.io.vcf.writer import refuse_what_bcf_cannot_hold
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.runs.line_store import Progress
from dna_mamba.runs.progress import progress_directory
from dna_mamba.runs.shards import Claim, Shard, Span, block_records, span_of
from dna_mamba.scoring.variant_files.columns import parse_info
from dna_mamba.scoring.variant_files.plan import Run, input_state
from dna_mamba.scoring.variant_files.selection import Regions, selector
from dna_mamba.scoring.variant_files.summary import ScoreSummary, letters_line
from dna_mamba.scoring.variant_files.target import Layout, Target, open_output
from dna_mamba.scoring.variants.assess import Assessor, CheckRef
from dna_mamba.scoring.variants.scorer import VariantScorer
from dna_mamba.scoring.variants.scores import DEFAULT_SCORES, columns_of, find_scores
from dna_mamba.scoring.variants.status import AlleleStatus, VariantScore
from dna_mamba.sequences.windows import DEFAULT_CONTEXT_BP

__all__ = ["Survey", "Target", "can_be_read_twice", "count_windows", "read_scores", "score_vcf", "survey_vcf"]

_WHOLE = Shard(1, 1)
Advance = Callable[[int], None]


class Survey(NamedTuple):
    """What one reading of a VCF told before any scoring: its records, and lines a person should see.

    ``unsorted`` names the first place out of order, by which no index can be made.
    """

    n_records: int
    notes: list[str]
    unsorted: str | None = None


def alleles_of(record: VcfRecord) -> tuple[Variant, ...]:
    """The alleles of a record, in order of ALT; none where ALT is ``.``."""
    return tuple(Variant(record.chrom, record.pos, record.ref, alt) for alt in record.alts)


def can_be_read_twice(path: str | Path) -> bool:
    """Whether this is a file on disk, not a pipe."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):  # no such file, or a NUL in its name
        return False


class _Order:
    """Whether records come sorted: each contig in one piece, positions never falling."""

    def __init__(self) -> None:
        self._chrom, self._pos, self._seen = "", -1, set[str]()
        self.broken_at: str | None = None

    def see(self, record: VcfRecord) -> None:
        if record.chrom == self._chrom:
            is_sorted = record.pos >= self._pos
        else:
            is_sorted = record.chrom not in self._seen
            self._seen.add(record.chrom)
        if not is_sorted and self.broken_at is None:
            self.broken_at = f"{record.chrom}:{record.pos}"
        self._chrom, self._pos = record.chrom, record.pos


def survey_vcf(
    path: str | Path,
    reference: FastaReader,
    advance: Advance = lambda count: None,
    *,
    context_bp: int = DEFAULT_CONTEXT_BP,
    check_ref: CheckRef = "w",
    regions: Regions | None = None,
) -> Survey:
    """Read a VCF once, without a model: count it, match its contigs and compare every REF with the reference.

    Raises:
        InputError: the VCF is malformed, or REF differs in more than 5 % of its alleles, or where ``check_ref`` is
            ``e`` in any.
    """
    n_records, order = 0, _Order()
    with VcfReader(path) as reader:
        assessor = Assessor(reference, reader.contigs, context_bp=context_bp, check_ref=check_ref)
        for record in selector(regions, reference, reader.contigs)(reader):
            order.see(record)
            for variant in alleles_of(record):
                assessor.compare(variant)
            n_records += 1
            advance(1)
    assessor.check.refuse_wrong_build()
    return Survey(n_records, assessor.notes(), order.broken_at)


def count_windows(path: str | Path, scorer: VariantScorer, span: Span, regions: Regions | None = None) -> int:
    """Windows the model will have to read for records of a VCF, those that neighbours share counted for each."""
    with VcfReader(path) as reader:
        records = islice(selector(regions, scorer.reference, reader.contigs)(reader), *span)
        return sum(scorer.n_windows(alleles_of(record)) for record in records)


@dataclass(frozen=True)
class _Job:
    """What the ways to run share: what is read, how it is scored and spelled, and who is told."""

    reader: VcfReader
    records: Iterator[VcfRecord]
    scorer: VariantScorer
    target: Target
    layout: Layout
    check_ref: CheckRef
    advance: Advance

    def lines(self, records: Iterable[VcfRecord], summary: ScoreSummary) -> Iterator[str]:
        """What becomes of records, counted in ``summary``; batches reach over none but these."""
        for record, found in self.scorer.score(records, alleles_of):
            left_out = self.check_ref == "x" and any(s.status is AlleleStatus.REF_MISMATCH for s in found)
            summary.add(found, left_out=left_out)
            if not left_out:
                yield from self.layout.lines_of(self.target.kind, record, found)
            self.advance(1)

    def header(self, extra: Sequence[str]) -> list[str]:
        return self.layout.header(self.target.kind, self.reader.header_lines, extra)


def score_vcf(
    path: str | Path,
    target: Target,
    reference: FastaReader,
    model: MaskedLanguageModel,
    *,
    scores: Sequence[str] = DEFAULT_SCORES,
    context_bp: int = DEFAULT_CONTEXT_BP,
    batch_size: int | None = None,
    check_ref: CheckRef = "w",
    regions: Regions | None = None,
    survey: Survey | None = None,
    run: Run | None = None,
    advance: Advance = lambda count: None,
) -> ScoreSummary:
    """Write every record of a VCF with the scores of its alleles, in order.

    Args:
        path: VCF or BCF; ``-`` is standard input.
        target: file to write, which appears when it is whole.
        reference: the genome.
        model: a model on nucleotide tokens.
        scores: what is computed, names from ``scores.SCORES``.
        context_bp: longest window.
        batch_size: windows in one forward pass; default what suits the device.
        check_ref: what a REF that differs from the reference means (see ``Assessor``); with ``x`` records that have
            such an allele are left out.
        regions: where records must lie to be scored and written; default everywhere.
        survey: what ``survey_vcf`` found with the same ``check_ref`` and ``regions``, so that the first part of the
            file shall not stop the run.
        run: keeps the progress, or scores a shard; needs ``survey``.
        advance: told the number of records just scored.

    Raises:
        InputError: an input that cannot be used, REF that differs too often, a target that exists.
        MachineError: the disk is full.
    """
    if target.write_index and survey and survey.unsorted:
        what = f"not sorted at {survey.unsorted}, so that it cannot be indexed"
        raise InputError(what, place=path, remedy="sort it by contig and position first, or leave out --write-index")
    with VcfReader(path) as reader:
        share = {} if survey is None else {"max_mismatch_share": 1.0}
        scorer = VariantScorer(
            reference, model, scores=scores, context_bp=context_bp, batch_size=batch_size,
            contig_lengths=reader.contigs, check_ref=check_ref, **share,
        )  # fmt: skip
        records = selector(regions, reference, reader.contigs)(reader)
        layout = Layout(columns_of(find_scores(scores)), context_bp)
        job = _Job(reader, records, scorer, target, layout, check_ref, advance)
        if run is not None and survey is not None and (run.shard or target.is_file):
            summary = _keep_and_write(path, job, survey.n_records, run)
        else:
            summary = _write_through(job, survey and survey.n_records)
    summary.notes = [*([] if survey else scorer.assessor.notes()), letters_line(reference.counts.values())]
    return summary


def _write_through(job: _Job, n_records: int | None) -> ScoreSummary:
    """Write as it comes; in blocks where the number of records is known."""
    summary = ScoreSummary()
    blocks = [job.records] if n_records is None else _blocks(job.records, block_records(n_records))
    with open_output(job.target, job.header(job.target.provenance)) as write:
        for block in blocks:
            for line in job.lines(block, summary):
                write(line)
    return summary


def _blocks(records: Iterator[VcfRecord], size: int) -> Iterator[Iterator[VcfRecord]]:
    """Stretches of ``size`` records, each to be used up before the next is taken."""
    while (first := next(records, None)) is not None:
        yield chain([first], islice(records, size - 1))


def _keep_and_write(path: str | Path, job: _Job, n_records: int, run: Run) -> ScoreSummary:
    """Keep block by block what is done; write the target when everything is."""
    span = span_of(run.shard, n_records)
    with ExitStack() as stack:
        if job.target.is_file:
            directory = progress_directory(job.target.path)
        else:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dna-mamba-"))) / "progress"
        facts = dict(run.facts) | {"shard": str(run.shard or _WHOLE)}
        options = {"resume": run.resume, "force": job.target.force}
        progress = stack.enter_context(Progress(directory, facts, job.target.provenance, **options))
        if job.target.format == "b" and not job.reader.is_bcf and not progress.summary.n_records:
            _try_bcf(path, job.target)
        _score_rest(job, span, block_records(n_records), progress)
        if input_state(path) != run.state:
            raise InputError("changed while it was being read", place=path, remedy="run again on the new file")
        progress.is_complete = True
        extra = [*progress.provenance]
        if run.shard:
            counts = progress.summary.counts()
            extra.append(Claim(run.shard, span, n_records, *progress.content(), counts, run.facts).line)
        with open_output(job.target, job.header(extra)) as write:
            for line in progress.lines():
                write(line)
        progress.discard()
        return progress.summary


def _try_bcf(path: str | Path, target: Target) -> None:
    with VcfReader(path) as reader:
        lines = (record.line for record in reader)
        refuse_what_bcf_cannot_hold(reader.header_lines, lines, display_name(target.path))


def _score_rest(job: _Job, span: Span, size: int, progress: Progress) -> None:
    """Score what the progress lacks."""
    n_done = progress.summary.n_records
    job.advance(n_done)
    rest = islice(job.records, span.first + n_done, span.last)
    for block in _blocks(rest, size):
        tally = ScoreSummary()
        lines = list(job.lines(block, tally))
        progress.commit(lines, tally)


def read_scores(path: str | Path) -> Iterator[VariantScore]:
    """The alleles of a VCF that ``score_vcf`` wrote, with their scores, in order; records without scores give none.

    Raises:
        InputError: the file is no VCF, or its scores are malformed; names the line.
    """
    with VcfReader(path) as reader:
        for record in reader:
            try:
                values = parse_info(record.info)
                pairs = list(zip(alleles_of(record), values, strict=True)) if values else []
            except (InputError, ValueError) as error:
                raise InputError(str(error), place=f"{path}:{record.line_number}") from None
            yield from (VariantScore(variant, status, found) for variant, (status, found) in pairs)
