"""Predictions of whole sequences into a table, block by block; a run can be resumed, or made in shards."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import torch

from dna_mamba.errors import InputError
from dna_mamba.inference.batch import positions_per_pass
from dna_mamba.inference.estimate import Estimate, estimate_passes
from dna_mamba.inference.open import as_task_model, fingerprint
from dna_mamba.models import HeadConfig, LoadedModel
from dna_mamba.models.precision import Precision, precision_of, recorded_precision
from dna_mamba.runs import (
    Claim,
    Facts,
    LineStore,
    Shard,
    Span,
    check_resumable,
    earlier_fact,
    parse_shard,
    progress_for,
    span_of,
)
from dna_mamba.runs.counts import Advance, untold
from dna_mamba.runs.provenance import run_lines
from dna_mamba.runs.shards import block_records
from dna_mamba.scoring.predictions.answers import Answering
from dna_mamba.scoring.predictions.rows import InputRow, InputRows
from dna_mamba.scoring.predictions.summary import PredictSummary
from dna_mamba.scoring.predictions.table import LineKind, header_line, line_of
from dna_mamba.scoring.predictions.target import SHARD_LINE, PredictionTarget, open_lines
from dna_mamba.version import __version__

_WHOLE = Shard(1, 1)
_BATCHES = "positions"
_BLOCK_BP = 1 << 24
"""Bases of rows that are held at a time."""


class RowsSurvey(NamedTuple):
    """What one reading of the rows told: how many, their base pairs, and the longest."""

    n_rows: int
    total_bp: int
    longest_bp: int


class PredictJob:
    """An answer for every row, written in order; one that stops can be resumed, or run in shards.

    Args:
        rows: what is answered.
        model: with a head that gives one answer a sequence, or its directory.
        batch_size: sequences in one forward pass at most; default as many as suit the device.
        max_length_bp: longest sequence taken, others get TOO_LONG; default as long as memory allows.
        device: where the model runs; default where it is, the CPU for one that is loaded.
        precision: ``float32``, ``tf32``, ``bfloat16`` or ``auto`` (see ``models.precision``); default the model's own.

    Raises:
        InputError: the model has no head, or one that answers bases, bins or variants.
    """

    def __init__(
        self,
        rows: InputRows,
        model: LoadedModel | str | Path,
        *,
        batch_size: int | None = None,
        max_length_bp: int | None = None,
        device: str | torch.device | None = None,
        precision: Precision | None = None,
    ) -> None:
        self._rows = rows
        self._given_model = model
        self._model = as_task_model(model, device, precision)
        if self.head.by_position or self.head.task == "variant":
            remedy = "give a genome (FASTA)" if self.head.by_position else "give a VCF, and the genome with -f"
            raise InputError(f"this is a head for {self.head.task}, not for whole sequences", remedy=remedy)
        self._answering = Answering(self._model, positions_per_pass(self._model), batch_size, max_length_bp)

    @property
    def head(self) -> HeadConfig:
        """What the model's head answers."""
        return self._model.head_config

    @property
    def is_repeatable(self) -> bool:
        """Whether the rows can be read more than once, so that they can be surveyed, resumed and run in shards."""
        return self._rows.is_repeatable

    @property
    def precision(self) -> str:
        """In which precision the model runs: ``float32``, ``tf32`` or ``bfloat16``."""
        return precision_of(self._model)

    @cached_property
    def provenance(self) -> dict[str, str]:
        """What names the model for good."""
        return {"weights_sha256": fingerprint(self._given_model)}

    @cached_property
    def _survey(self) -> RowsSurvey:
        n_rows = total_bp = longest_bp = 0
        for row in self._rows:
            n_rows += 1
            total_bp += len(row.letters)
            longest_bp = max(longest_bp, len(row.letters))
        return RowsSurvey(n_rows, total_bp, longest_bp)

    def survey(self) -> RowsSurvey:
        """Read the rows once, without the model. Raises InputError if they cannot be read twice."""
        if not self.is_repeatable:
            what = "resuming, shards and estimates need a file that can be read twice"
            raise InputError(what, remedy="give the input by its path")
        return self._survey

    def estimate(self) -> Estimate:
        """What a run over all rows will take."""
        survey = self.survey()
        if not survey.total_bp:
            return Estimate(0, 0.0, self._model.n_bytes)
        length = -(-survey.total_bp // max(1, survey.n_rows))
        batch = self._answering.batch_size or max(1, positions_per_pass(self._model) // length)
        both = self._model.joins_strands
        estimate = estimate_passes(self._model, survey.total_bp, length, batch, both_strands=both)
        longest = estimate_passes(self._model, 0, survey.longest_bp, 1, both_strands=both)
        return estimate._replace(memory_bytes=max(estimate.memory_bytes, longest.memory_bytes))

    def span(self, shard: Shard | None = None) -> Span:
        """The rows of a shard, all without one."""
        return span_of(shard, self.survey().n_rows)

    def run(
        self,
        target: PredictionTarget,
        *,
        shard: Shard | str | None = None,
        resume: bool = False,
        command: str | None = None,
        advance: Advance = untold,
    ) -> PredictSummary:
        """Write a line for every row, in order; the target appears when it is whole.

        Args:
            target: .tsv, .parquet or, of rows that lie on a genome, .bed; ``-`` is standard output.
            shard: ``i/n`` for the i-th of n pieces, which ``merge_predictions`` puts together.
            resume: resume a run of this job that stopped, if there is one.
            command: what to name in the header, with version and fingerprints; None writes no such lines.
            advance: told the number of rows just done.

        Raises:
            InputError: rows that cannot be used, a target that exists, or an earlier run that is another one.
            MachineError: the disk is full, or a sequence needs more memory than there is.
        """
        shard = parse_shard(shard) if isinstance(shard, str) else shard
        target.check(self.head)
        target.check_free()
        kind: LineKind = "bed" if target.format == "bed" else "table"
        if kind == "bed" and not self._rows.has_places:
            raise InputError("BED needs places", place=target.path, remedy="give BED with -f, or -r or -R")
        if resume:
            check_resumable(target.path)
            self._take_batches_of(earlier_fact(target.path, _BATCHES))
        named = self.provenance | recorded_precision(self._model)
        header = [] if command is None else run_lines("predict", __version__, command, named)
        if not self.is_repeatable:
            if shard or resume:
                self.survey()
            return self._write_through(target, kind, header, advance)
        span = self.span(shard)
        with ExitStack() as stack:
            directory = stack.enter_context(progress_for(target.path))
            facts = self._facts(kind)
            ours = {**facts, "shard": str(shard or _WHOLE)}
            store = stack.enter_context(LineStore(directory, ours, header, resume=resume, force=target.force))
            advance(store.n_items)
            rest = islice(self._rows, span.first + store.n_items, span.last)
            for block in _blocks(rest, block_records(self._survey.n_rows)):
                counts = PredictSummary()
                lines = list(self._lines(block, kind, counts, advance))
                store.commit(lines, counts.n_rows, counts.counts())
            store.is_complete = True
            claim = []
            if shard is not None:
                said = Claim(shard, span, self._survey.n_rows, *store.content(), store.counts, facts)
                claim = [said.line(SHARD_LINE)]
            self._write(target, kind, [*claim, *store.provenance], store.lines())
            store.discard()
            return PredictSummary.of_counts(store.counts)

    def _write_through(
        self, target: PredictionTarget, kind: LineKind, header: Sequence[str], advance: Advance
    ) -> PredictSummary:
        summary = PredictSummary()
        blocks = _blocks(iter(self._rows), block_records(0))
        lines = chain.from_iterable(self._lines(block, kind, summary, advance) for block in blocks)
        self._write(target, kind, header, lines)
        return summary

    def _write(
        self, target: PredictionTarget, kind: LineKind, header: Sequence[str], lines: Iterator[str]
    ) -> None:
        above = [*header, header_line(self.head, kind)]
        with open_lines(target, above, integers=(), floats=self.head.outputs) as write:
            for line in lines:
                write(line)

    def _lines(
        self, block: Iterable[InputRow], kind: LineKind, summary: PredictSummary, advance: Advance
    ) -> Iterator[str]:
        """What rows become; no more than so many bases of them are held at a time."""
        for part in _by_bases(block):
            answers = self._answering.of(part)
            summary.by_status.update(answer.status for answer in answers)
            yield from (line_of(answer, self.head, kind) for answer in answers)
            advance(len(part))

    def _take_batches_of(self, earlier: str | None) -> None:
        """Go on with the batches of an earlier run, which another number of threads would not have made."""
        if earlier is not None and earlier.isdigit():
            self._answering = self._answering._replace(positions=int(earlier))

    def _facts(self, kind: LineKind) -> Facts:
        answering = self._answering
        return {
            **self._rows.facts(),
            "model": self.provenance["weights_sha256"],
            "lines": kind,
            "max_length": str(answering.max_length_bp),
            "version": __version__,
            "batch_size": str(answering.batch_size),
            _BATCHES: str(answering.positions),
            "device": self._model.device.type,
            "precision": self.precision,
        }


def _blocks(rows: Iterator[InputRow], size: int) -> Iterator[Iterator[InputRow]]:
    """Stretches of ``size`` rows, each to be used up before the next is taken."""
    while (first := next(rows, None)) is not None:
        yield chain([first], islice(rows, size - 1))


def _by_bases(rows: Iterable[InputRow]) -> Iterator[list[InputRow]]:
    part: list[InputRow] = []
    size_bp = 0
    for row in rows:
        if part and size_bp + len(row.letters) > _BLOCK_BP:
            yield part
            part, size_bp = [], 0
        part.append(row)
        size_bp += len(row.letters)
    if part:
        yield part
