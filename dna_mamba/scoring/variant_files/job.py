"""A VCF in, the same VCF (or a table) with scores out: one job, for the command line, Python and workflows alike."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import torch

from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.inference.batch import windows_per_pass
from dna_mamba.inference.context import context_of
from dna_mamba.inference.estimate import Estimate, estimate_passes
from dna_mamba.inference.open import as_model, fingerprints
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.paths import STDIO, display_name
from dna_mamba.io.vcf import VcfReader, VcfRecord
from dna_mamba.models import MaskedLanguageModel, TaskModel
from dna_mamba.models.precision import Precision, precision_of, recorded_precision
from dna_mamba.runs import (
    Facts,
    InputFile,
    Shard,
    Span,
    can_be_read_twice,
    check_resumable,
    earlier_fact,
    parse_shard,
    span_of,
)
from dna_mamba.runs.counts import Advance, untold
from dna_mamba.runs.provenance import run_lines
from dna_mamba.scoring.variant_files.scored_lines import ScoredLines
from dna_mamba.scoring.variant_files.selection import Regions, selector
from dna_mamba.scoring.variant_files.summary import ScoreSummary, letters_line
from dna_mamba.scoring.variant_files.survey import Survey, alleles_of, survey_records
from dna_mamba.scoring.variant_files.target import Layout, Target, as_target
from dna_mamba.scoring.variant_files.writing import KeptRun, Writing, keep_and_write, write_through
from dna_mamba.scoring.variants.assess import Assessor, CheckRef
from dna_mamba.scoring.variants.reference_check import MAX_MISMATCH_SHARE
from dna_mamba.scoring.variants.scorer import VariantScorer
from dna_mamba.scoring.variants.scores import (
    DEFAULT_SCORES,
    HeadScore,
    Score,
    check_names,
    columns_of,
    find_scores,
)
from dna_mamba.scoring.variants.scores.head import THE_MODEL
from dna_mamba.sequences.regions import as_reference, as_regions
from dna_mamba.version import __version__

_BATCH_SIZE = "batch_size"


class ScoreEstimate(NamedTuple):
    """What scoring will take: records, windows the model has to read for them, its passes over those."""

    n_records: int
    n_windows: int
    passes: Estimate


class ScoreJob:
    """Scores for every record of a VCF, written in order; one that stops can be resumed, or run in shards.

    Args:
        variants: VCF or BCF; ``-`` is standard input. What is not a file can only be written through, once.
        reference: the genome, open or by path.
        model: a model on nucleotide tokens, or its directory or packaged name.
        scores: what is computed, names from ``scoring.variants.scores.SCORES``, ``head:PATH``, or ``head`` alone where
            the model is itself a head for variants.
        context_bp: longest window; default what the model was trained on (``inference.context``).
        batch_size: windows in one forward pass; default that of the run to resume, or what suits the device.
        check_ref: what a REF that differs from the reference means (see ``Assessor``); with ``x`` records that have
            such an allele are left out.
        regions: where records must lie to be scored and written, 0-based half-open or ``chr:start-end`` (1-based,
            both ends included); default everywhere.
        device: where the model runs; default where it is, the CPU for one that is loaded.
        precision: ``float32``, ``tf32``, ``bfloat16`` or ``auto`` (see ``models.precision``); default the model's own.

    Attributes:
        context_bp: the longest window that is read.

    Raises:
        InputError: an unknown score, or a model, genome or region that cannot be used.
    """

    def __init__(
        self,
        variants: str | Path,
        reference: FastaReader | str | Path,
        model: MaskedLanguageModel | TaskModel | str | Path,
        *,
        scores: Sequence[str] = DEFAULT_SCORES,
        context_bp: int | None = None,
        batch_size: int | None = None,
        check_ref: CheckRef = "w",
        regions: Iterable[Interval | str] = (),
        device: str | torch.device | None = None,
        precision: Precision | None = None,
    ) -> None:
        self._variants = variants
        self._given_model = model
        self._model: MaskedLanguageModel | TaskModel
        if tuple(scores) == (THE_MODEL,):
            head = HeadScore(model, window_bp=context_bp, device=device, precision=precision)
            self._model, self._scores, context_bp = head.model, find_scores([head]), head.window_bp
        else:
            check_names(scores)
            self._model = as_model(model, device, precision)
            self._scores = find_scores(scores, device, precision)
        self._columns = columns_of(self._scores)
        self._reference = as_reference(reference)
        chosen = as_regions(regions, self._reference)
        self._regions = Regions(chosen) if chosen else None
        self.context_bp = context_of(self._model, context_bp)
        self._batch_size = batch_size
        self._check_ref: CheckRef = check_ref
        self._survey: Survey | None = None

    @cached_property
    def is_repeatable(self) -> bool:
        """Whether the variants are a file, which can be surveyed, estimated, resumed and run in shards."""
        return can_be_read_twice(self._variants)

    @property
    def precision(self) -> str:
        """In which precision the model runs: ``float32``, ``tf32`` or ``bfloat16``."""
        return precision_of(self._model)

    @cached_property
    def provenance(self) -> dict[str, str]:
        """What names the model, the heads beside it and the genome for good."""
        heads = [score.sha256 for score in self._scores if isinstance(score, HeadScore)]
        named = fingerprints(self._given_model, self._reference)
        beside = [sha256 for sha256 in heads if sha256 != named["weights_sha256"]]
        return named | ({"heads_sha256": ",".join(beside)} if beside else {})

    @cached_property
    def _input(self) -> InputFile:
        return InputFile.read(self._variants)

    def survey(self, advance: Advance = untold) -> Survey:
        """Read the VCF once, without the model: count it, match its contigs and compare every REF with the reference.

        Args:
            advance: told the number of records just read.

        Raises:
            InputError: the VCF is malformed, or REF differs in more than 5 % of its alleles, or where ``check_ref``
                is ``e`` in any.
        """
        if self._survey is None:
            self._refuse_pipe()
            _ = self._input  # as it is before the first reading
            with self._open() as (reader, records):
                assessor = Assessor(
                    self._reference, reader.contigs, context_bp=self.context_bp, check_ref=self._check_ref
                )
                self._survey = survey_records(records, assessor, advance)
        return self._survey

    def estimate(self, shard: Shard | str | None = None) -> ScoreEstimate:
        """What a run, or a shard of it, will take: windows that neighbours share are counted for each."""
        span = self.span(shard)
        batch_size = self._batch_size or windows_per_pass(self._model, self.context_bp)
        with self._open() as (reader, records):
            scorer = self._scorer(reader, batch_size)
            n_windows = sum(scorer.n_windows(alleles_of(record)) for record in islice(records, *span))
        passes = estimate_passes(self._model, n_windows * self.context_bp, self.context_bp, batch_size)
        return ScoreEstimate(span.n_records, n_windows, passes)

    def span(self, shard: Shard | str | None = None) -> Span:
        """The records of a shard, all without one."""
        return span_of(_as_shard(shard), self.survey().n_records)

    def run(
        self,
        target: Target | str | Path,
        *,
        shard: Shard | str | None = None,
        resume: bool = False,
        command: str | None = None,
        advance: Advance = untold,
    ) -> ScoreSummary:
        """Write every record with the scores of its alleles, in order; the target appears when it is whole.

        Args:
            target: file to write, ``-`` for standard output.
            shard: ``i/n`` for the i-th of n pieces, which ``merge_scores`` puts together.
            resume: resume a run of this job that stopped, if there is one.
            command: what to name in the output's header, with version and fingerprints; None writes no such lines.
            advance: told the number of records just scored.

        Raises:
            InputError: an input that cannot be used, REF that differs too often, a target that exists, or an earlier
                run that is another one.
            MachineError: the disk is full, or the windows need more memory than there is.
        """
        target, shard = as_target(target), _as_shard(shard)
        target.check()
        if resume:
            check_resumable(target.path)
        if shard or resume:
            self._refuse_pipe()
        named = self.provenance | recorded_precision(self._model)
        header = [] if command is None else run_lines("score", __version__, command, named)
        batch_size = self._batch_size_of(target, resume=resume)
        survey = self.survey() if self.is_repeatable else None
        if target.write_index and survey and survey.unsorted:
            what = f"not sorted at {survey.unsorted}, so that it cannot be indexed"
            remedy = "sort it by contig and position first, or leave out --write-index"
            raise InputError(what, place=self._variants, remedy=remedy)
        with self._open() as (reader, records):
            scorer = self._scorer(reader, batch_size)
            layout = Layout(self._columns, self.context_bp)
            lines = ScoredLines(scorer, layout, target.kind, self._check_ref == "x", advance)
            writing = Writing(target, reader, records, lines, header)
            if survey and (shard or target.is_file):
                run = KeptRun(self._input, self._facts(target, batch_size), survey.n_records, shard, resume)
                summary = keep_and_write(writing, run)
            else:
                summary = write_through(writing, survey and survey.n_records)
        notes = [] if survey else scorer.assessor.notes()
        summary.notes = [*notes, letters_line(self._reference.counts.values())]
        return summary

    def _refuse_pipe(self) -> None:
        if not self.is_repeatable and (os.fspath(self._variants) == STDIO or os.path.exists(self._variants)):
            what = "resuming, shards and estimates need a file that can be read twice"
            raise InputError(what, place=display_name(self._variants), remedy="give IN.vcf by its path")

    @contextmanager
    def _open(self) -> Iterator[tuple[VcfReader, Iterator[VcfRecord]]]:
        with VcfReader(self._variants) as reader:
            yield reader, selector(self._regions, self._reference, reader.contigs)(reader)

    def _scorer(self, reader: VcfReader, batch_size: int) -> VariantScorer:
        """A file that was surveyed is judged as a whole: its first part alone shall not stop the run."""
        return VariantScorer(
            self._reference,
            self._model,
            scores=self._scores,
            context_bp=self.context_bp,
            batch_size=batch_size,
            contig_lengths=reader.contigs,
            check_ref=self._check_ref,
            max_mismatch_share=MAX_MISMATCH_SHARE if self._survey is None else 1.0,
        )

    def _batch_size_of(self, target: Target, *, resume: bool) -> int:
        earlier = earlier_fact(target.path, _BATCH_SIZE) if resume else None
        if self._batch_size is None and earlier is not None and earlier.isdigit():
            return int(earlier)
        return self._batch_size or windows_per_pass(self._model, self.context_bp)

    def _facts(self, target: Target, batch_size: int) -> Facts:
        facts = {
            "input": self._input.sha256,
            "model": self.provenance["weights_sha256"],
            "reference": self._reference.fingerprint,
            "context": self.context_bp,
            "scores": ",".join(_described(score) for score in self._scores),
            **({"heads": self.provenance["heads_sha256"]} if "heads_sha256" in self.provenance else {}),
            "check_ref": self._check_ref,
            "regions": self._regions or "all",
            "lines": target.kind,
            "version": __version__,
            _BATCH_SIZE: batch_size,
            "device": self._model.device.type,
            "precision": self.precision,
        }
        return {name: str(value) for name, value in facts.items()}


def _as_shard(shard: Shard | str | None) -> Shard | None:
    return parse_shard(shard) if isinstance(shard, str) else shard


def _described(score: Score) -> str:
    """The name of a score; of a head, whose place on disk may change, its columns."""
    if isinstance(score, HeadScore):
        return ",".join(column.key for column in columns_of([score]))
    return score.name
