"""Predictions for every base or bin of a genome, part by part; a run can be resumed, or made in shards."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

import torch

from dna_mamba.annotation.labels import intron
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.inference.batch import require_memory
from dna_mamba.inference.estimate import Estimate, estimate_passes
from dna_mamba.inference.open import as_task_model, fingerprint
from dna_mamba.io.atomic import check_target
from dna_mamba.io.fasta import FastaReader
from dna_mamba.models import HeadConfig, LoadedModel
from dna_mamba.models.precision import Precision, precision_of, recorded_precision
from dna_mamba.runs import (
    ArrayStore,
    Claim,
    Facts,
    Shard,
    Span,
    check_resumable,
    parse_shard,
    progress_directory,
    progress_for,
    span_of,
)
from dna_mamba.runs.array_store import holds, was_finishing
from dna_mamba.runs.counts import Advance, untold
from dna_mamba.runs.provenance import run_lines
from dna_mamba.scoring.predictions.along import read_unit, unit_bases
from dna_mamba.scoring.predictions.along_files import output_files, write_along
from dna_mamba.scoring.predictions.answers import AnswerValues
from dna_mamba.scoring.predictions.layout import AlongAnswers
from dna_mamba.scoring.predictions.shard_file import AlongRun, numbers_in, payload, write_shard
from dna_mamba.scoring.predictions.target import PredictionTarget
from dna_mamba.scoring.predictions.units import AlongReading, AlongUnit, how_read
from dna_mamba.sequences.regions import as_reference, as_regions, by_contig, whole_contigs
from dna_mamba.sequences.tiling import longest_whole
from dna_mamba.version import __version__


class AlongJob:
    """What a head says of every base or bin of a genome.

    Args:
        genome: open, or by path.
        model: with a head for bases or tracks, or its directory.
        reading: in which windows contigs are read.
        regions: where answers are written, 0-based half-open or ``chr:start-end`` (1-based, both ends included);
            default everywhere.
        genetic_code: NCBI's number, for genes; default 1 where the head knows introns, 11 where not.
        device: where the model runs; default where it is, the CPU for one that is loaded.
        precision: ``float32``, ``tf32``, ``bfloat16`` or ``auto`` (see ``models.precision``); default the model's own.

    Raises:
        InputError: the model has no such head, or a region is not on the genome.
        MachineError: a window needs more memory than there is.
    """

    def __init__(
        self,
        genome: FastaReader | str | Path,
        model: LoadedModel | str | Path,
        *,
        reading: AlongReading | None = None,
        regions: Iterable[Interval | str] = (),
        genetic_code: int | None = None,
        device: str | torch.device | None = None,
        precision: Precision | None = None,
    ) -> None:
        self.notes: list[str] = []
        """What people should know of a run that is done."""
        self._given_model = model
        self._model = as_task_model(model, device, precision)
        if not self.head.by_position:
            what = f"this is a head for {self.head.task}, not for bases or tracks"
            raise InputError(what, remedy="give sequences, or a VCF to a head for variants")
        self._genome = as_reference(genome)
        self._places = as_regions(regions, self._genome)
        wanted = by_contig(self._places or whole_contigs(self._genome))
        reading = reading or AlongReading()
        reading.check(self.head.bin_bp or 1)
        code = genetic_code or (1 if intron("+") in self.head.outputs else 11)
        self._run = AlongRun(self.head, self._genome.contigs, wanted, reading, code)
        self._require_memory()

    @property
    def head(self) -> HeadConfig:
        """What the model's head answers."""
        return self._model.head_config

    @property
    def precision(self) -> str:
        """In which precision the model runs: ``float32``, ``tf32`` or ``bfloat16``."""
        return precision_of(self._model)

    @cached_property
    def units(self) -> list[AlongUnit]:
        """All parts, in the order of the genome."""
        return self._run.units()

    @property
    def n_bases(self) -> int:
        """Bases that are answered."""
        return sum(unit.end - unit.start for unit in self.units)

    @property
    def how_read(self) -> str:
        """How many contigs are read whole and how many in windows, for a person to read."""
        return how_read(self.units, self._run.contigs, self._run.reading)

    @cached_property
    def provenance(self) -> dict[str, str]:
        """What names the model and the genome for good."""
        return {"weights_sha256": fingerprint(self._given_model), "reference_sha256": self._genome.fingerprint}

    @cached_property
    def _longest(self) -> int:
        longest = max((length for _, length in self._genome.contigs), default=0)
        window, overlap = self._run.reading
        return min(longest_whole(window, overlap, longest) + 1, longest)

    def _require_memory(self) -> None:
        what, remedy = f"windows of {self._longest:,} bp", "give a --window, or a smaller one"
        if self._longest:
            both = self._model.joins_strands
            require_memory(self._model, 1, self._longest, both_strands=both, what=what, remedy=remedy)

    def estimate(self) -> Estimate:
        """What a run will take."""
        positions, both = sum(unit.n_read for unit in self.units), self._model.joins_strands
        return estimate_passes(self._model, positions, max(1, self._longest), 1, both_strands=both)

    def missing_bp(self, target: PredictionTarget, shard: Shard | None, *, resume: bool) -> int:
        """Bases that a run still has to answer, given what an earlier one left if that is to be resumed."""
        numbers = numbers_in(self.units, self._span(shard))
        parts = progress_directory(target.path) if resume and target.is_file else None
        left = (n for n in numbers if parts is None or not holds(parts, n, self._shape(n)))
        return sum(self.units[n].end - self.units[n].start for n in left)

    def check(self, target: PredictionTarget) -> list[str]:
        """The files that a run writes. Raises InputError for a format that cannot hold this head or genome."""
        target.check(self.head)
        if target.format == "gff3" and self._places:
            remedy = "leave out -r and -R, or write .bed or .bw"
            raise InputError("genes are read off whole contigs", place="--region", remedy=remedy)
        return output_files(target, self.head, self._genome.contigs)

    def run(
        self,
        target: PredictionTarget,
        *,
        shard: Shard | str | None = None,
        resume: bool = False,
        command: str | None = None,
        advance: Advance = untold,
    ) -> list[str]:
        """Write what the head says; each file appears when it is whole. Returns their names.

        Args:
            target: table, BED, bigWig, bedGraph or GFF3; one output of a track becomes one file.
            shard: ``i/n`` for the i-th of n pieces, whose file is for ``merge_predictions`` alone.
            resume: resume a run of this job that stopped, if there is one.
            command: what to name in the header, with version and fingerprints; None writes no such lines.
            advance: told the number of bases just done.

        Raises:
            InputError: an output that exists or cannot be made, or an earlier run that is another one.
            MachineError: the disk is full.
        """
        shard = parse_shard(shard) if isinstance(shard, str) else shard
        files = self.check(target) if shard is None else [str(target.path)]
        if resume or shard:
            check_resumable(target.path)
        named = self.provenance | recorded_precision(self._model)
        header = [] if command is None else run_lines("predict", __version__, command, named)
        with ExitStack() as stack:
            directory = stack.enter_context(progress_for(target.path))
            replace = target.force or (resume and was_finishing(directory))
            for file in files:
                check_target(file, force=replace)
            facts = self._facts()
            ours = {**facts, "shard": str(shard or Shard(1, 1))}
            store = stack.enter_context(ArrayStore(directory, ours, header, resume=resume, force=target.force))
            numbers = numbers_in(self.units, self._span(shard))
            for number in numbers:
                if not store.has(number, self._shape(number)):
                    store.write(number, self._told(number, advance))
            store.finish()
            answers = self._answers(store)
            if shard is None:
                self.notes = write_along(answers, target, store.provenance, force=replace)
            else:
                claim = self._claim(shard, answers, numbers, facts)
                pieces = payload(answers, numbers)
                write_shard(target.path, claim, self._run, store.provenance, pieces, force=replace)
            store.discard()
        return files

    def _span(self, shard: Shard | None) -> Span:
        return span_of(shard, self.n_bases)

    def _shape(self, number: int) -> tuple[int, int]:
        return self.units[number].n_bins, len(self.head.outputs)

    def _told(self, number: int, advance: Advance) -> Iterator[AnswerValues]:
        for piece in read_unit(self._model, self._genome, self.units[number]):
            yield piece
            advance(len(piece) * self.units[number].bin_bp)

    def _answers(self, store: ArrayStore) -> AlongAnswers:
        return AlongAnswers(
            self.head,
            self._run.contigs,
            self._run.regions,
            self.units,
            lambda number: store.read(number, self._shape(number)),
            lambda number: unit_bases(self._genome, self.units[number]),
            self._run.genetic_code,
        )

    def _claim(self, shard: Shard, answers: AlongAnswers, numbers: list[int], facts: Facts) -> Claim:
        digest = hashlib.sha256()
        for piece in payload(answers, numbers):
            digest.update(piece)
        return Claim(shard, self._span(shard), self.n_bases, len(numbers), digest.hexdigest(), {}, facts)

    def _facts(self) -> Facts:
        return {
            **self.provenance,
            "version": __version__,
            "run": hashlib.sha256(self._run.line().encode("utf-8", errors="surrogateescape")).hexdigest(),
            "device": self._model.device.type,
            "precision": self.precision,
            **self._run.reading.described(),
        }
