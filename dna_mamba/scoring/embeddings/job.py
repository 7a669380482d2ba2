"""Embeddings of sequences into a file, group by group; a run can be resumed."""

from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.inference.batch import positions_per_pass
from dna_mamba.inference.estimate import Estimate, estimate_passes
from dna_mamba.inference.open import as_model, fingerprint
from dna_mamba.inference.pooling import Pool, check_pool
from dna_mamba.inference.sequence_source import Records, SequenceSource
from dna_mamba.io.atomic import check_target
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.models.precision import Precision, precision_of, recorded_precision
from dna_mamba.runs import ArrayStore, Facts, check_resumable, earlier_fact, is_file_target, progress_directory
from dna_mamba.runs.array_store import Array
from dna_mamba.runs.counts import Advance, untold
from dna_mamba.scoring.embeddings.files import OutputType, check_output_type, resolve_output_type
from dna_mamba.scoring.embeddings.table import Embeddings
from dna_mamba.scoring.embeddings.vectors import (
    EmbeddingPlan,
    SequenceGroup,
    checked,
    embed_group,
    in_groups,
    resolve_layer,
)
from dna_mamba.version import __version__

_POSITIONS = "positions_per_pass"
Compute = Callable[[int, SequenceGroup], list[Array]]


class EmbedSurvey(NamedTuple):
    """What one reading of the sequences told: how many, and their base pairs."""

    n_sequences: int
    total_bp: int


class EmbedEstimate(NamedTuple):
    """What embedding will take: sequences, tokens of the longest, and the passes."""

    n_sequences: int
    longest: int
    passes: Estimate


class EmbedJob:
    """Vectors of sequences, or of regions of a genome.

    Args:
        records: sequences, or a FASTA, GenBank or EMBL file; with ``regions`` a genome, open or by path.
        model: model, or its directory or packaged name.
        regions: places on the genome, 0-based half-open or ``chr:start-end`` (1-based, both ends included);
            strand ``-`` is read as its reverse complement. None takes whole sequences.
        layer: whose output; see ``embed``.
        pool: how positions become one vector; see ``embed``.
        batch_size: sequences in one forward pass at most; default as many as suit the device.
        max_length_bp: longest sequence taken; default as long as memory allows. Nothing is ever cut.
        device: where the model runs; default where it is, the CPU for one that is loaded.
        precision: ``float32``, ``tf32``, ``bfloat16`` or ``auto`` (see ``models.precision``); default the model's own.

    Raises:
        InputError: there is no such layer or pooling, or the input or model cannot be used.
    """

    def __init__(
        self,
        records: Records,
        model: MaskedLanguageModel | str | Path,
        *,
        regions: Iterable[Interval | str] | None = None,
        layer: int | None = None,
        pool: Pool = "mean",
        batch_size: int | None = None,
        max_length_bp: int | None = None,
        device: str | torch.device | None = None,
        precision: Precision | None = None,
    ) -> None:
        check_pool(pool)
        self._given_model = model
        self._model = as_model(model, device, precision)
        n_layers = resolve_layer(layer, self._model.config.n_layer)
        positions = positions_per_pass(self._model)
        self._plan = EmbeddingPlan(self._model, n_layers, pool, batch_size, positions, max_length_bp)
        self._source = SequenceSource(records, regions)

    @property
    def is_repeatable(self) -> bool:
        """Whether the sequences can be read more than once, so that they can be surveyed and a run be resumed."""
        return self._source.is_repeatable

    @property
    def precision(self) -> str:
        """In which precision the model runs: ``float32``, ``tf32`` or ``bfloat16``."""
        return precision_of(self._model)

    @cached_property
    def _survey(self) -> EmbedSurvey:
        n_sequences = total_bp = 0
        for record in checked(self._plan, self._source):
            n_sequences += 1
            total_bp += len(record.sequence)
        return EmbedSurvey(n_sequences, total_bp)

    def survey(self) -> EmbedSurvey:
        """Read the sequences once, without the model.

        Raises:
            InputError: one of them cannot be embedded, or they cannot be read twice; names it.
            MachineError: one of them, or the rows of all positions, need more memory than there is.
        """
        if not self.is_repeatable:
            raise InputError("sequences from a pipe cannot be read twice", remedy="give them as a file")
        return self._survey

    def estimate(self) -> EmbedEstimate:
        """What embedding will take: layers that do not run take no time; rows that are kept take memory."""
        plan, model = self._plan, self._model
        tokenizer = model.tokenizer
        lengths = [len(tokenizer.encode(record.sequence)) for record in checked(plan, self._source)]
        longest = max(lengths, default=0)
        passes = estimate_passes(model, sum(lengths), longest, 1, both_strands=plan.both_strands)
        seconds = passes.seconds * plan.n_layers / model.config.n_layer
        memory = passes.memory_bytes + plan.kept_bytes(sum(lengths))
        return EmbedEstimate(len(lengths), longest, passes._replace(seconds=seconds, memory_bytes=memory))

    def embed(self, advance: Advance = untold) -> Embeddings:
        """All vectors, in memory.

        Args:
            advance: told how many more base pairs are embedded, also within a long sequence.

        Raises:
            InputError: a sequence that cannot be embedded.
            MachineError: a sequence, or the rows of all positions, need more memory than there is.
        """
        return self._embeddings(self._plan, lambda _, group: embed_group(self._plan, group, advance))

    def run(
        self,
        output: str | Path,
        *,
        output_type: OutputType | None = None,
        resume: bool = False,
        force: bool = False,
        advance: Advance = untold,
    ) -> Embeddings:
        """Write the embeddings to a file, which appears when it is whole; returns them.

        Args:
            output: .npz, .parquet, .h5ad or .tsv; ``-`` is standard output.
            output_type: the format, where the suffix does not tell.
            resume: resume a run of this job that stopped, if there is one.
            force: replace an existing file, and what an earlier run left unless ``resume``.
            advance: told how many more base pairs are embedded, those of an earlier run included.

        Raises:
            InputError: an output that exists or cannot be made, a sequence that cannot be embedded (refused before any
                work, if the sequences can be read twice), or an earlier run that is another one.
            MachineError: the disk is full, or there is not enough memory.
        """
        kind = resolve_output_type(output, output_type)
        check_output_type(output, kind, self._plan.pool)
        check_target(output, force=force)
        if resume:
            check_resumable(output)
            self.survey()
        if not (self.is_repeatable and is_file_target(output)):
            result = self.embed(advance)
            result.save(output, force=force, output_type=kind)
            return result
        self.survey()
        plan = self._plan_for(output, resume=resume)
        with ArrayStore(progress_directory(output), self._facts(plan), resume=resume, force=force) as store:
            result = self._embeddings(plan, _stored(plan, store, advance))
            result.save(output, force=force, output_type=kind)
            store.discard()
        return result

    def _plan_for(self, output: str | Path, *, resume: bool) -> EmbeddingPlan:
        """With as many positions in a pass as the run to resume had: the number of threads may differ."""
        earlier = earlier_fact(output, _POSITIONS) if resume else None
        return self._plan._replace(positions=int(earlier)) if earlier and earlier.isdigit() else self._plan

    def _embeddings(self, plan: EmbeddingPlan, compute: Compute) -> Embeddings:
        names: list[str] = []
        lengths: list[int] = []
        counts: list[int] = []
        rows: list[Array] = []
        for number, records in enumerate(in_groups(checked(plan, self._source))):
            group = SequenceGroup.of(plan, records)
            rows += compute(number, group)
            names += group.names
            lengths += group.lengths_bp
            counts += group.row_counts(plan)
        offsets = np.cumsum([0, *counts], dtype=np.int64) if plan.pool == "none" else None
        vectors_NC = np.concatenate([np.zeros((0, plan.model.config.d_hidden), dtype=np.float32), *rows])
        bp_N = np.array(lengths, dtype=np.int64)
        return Embeddings(tuple(names), bp_N, vectors_NC, self._metadata(plan), offsets, self._source.regions)

    def _metadata(self, plan: EmbeddingPlan) -> dict[str, Any]:
        """What the numbers are, and what they are of: to be asked once all sequences are read."""
        metadata = plan.described() | recorded_precision(self._model)
        if isinstance(self._given_model, str | Path):
            metadata |= {"model": str(self._given_model), "weights_sha256": fingerprint(self._given_model)}
        return metadata | self._source.fingerprint()

    def _facts(self, plan: EmbeddingPlan) -> Facts:
        return {
            **self._source.facts(),
            "model": fingerprint(self._given_model),
            "layer": str(plan.n_layers),
            "pool": plan.pool,
            "version": __version__,
            "batch_size": str(plan.batch_size),
            _POSITIONS: str(plan.positions),
            "device": plan.model.device.type,
            "precision": self.precision,
        }


def _stored(plan: EmbeddingPlan, store: ArrayStore, advance: Advance) -> Compute:
    """Groups are embedded unless they are in the store, and read from there."""

    def compute(number: int, group: SequenceGroup) -> list[Array]:
        shape = (sum(group.row_counts(plan)), plan.model.config.d_hidden)
        if store.has(number, shape):
            advance(sum(group.lengths_bp))
        else:
            store.write(number, embed_group(plan, group, advance))
        return [store.read(number, shape)]

    return compute
