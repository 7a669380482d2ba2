"""Vectors of sequences, group by group: hidden states of a layer, pooled over positions or kept for each of them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import torch

from dna_mamba.errors import InputError
from dna_mamba.inference.batch import by_length, pad, require_memory
from dna_mamba.inference.pooling import DESCRIPTIONS, Pool, make_pooler
from dna_mamba.io.fasta import FastaRecord
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.models.memory import require
from dna_mamba.models.streaming import budget_of
from dna_mamba.runs.array_store import Array
from dna_mamba.runs.counts import Advance
from dna_mamba.tokenizers.base import TokenIds

_WAITING = 1024
_WAITING_BP = 1 << 24
"""Sequences, and their bases, sorted by length at a time."""
_PREFIX_BP = 1024
"""A sequence whose first bases are not a token has none: no tokenizer's words are longer."""
STRANDS = {
    "none": "forward strand",
    "augment": "forward strand",
    "post-hoc": "mean of the forward and the reverse strand",
    "shared": "first half forward strand, second half reverse strand with its channels reversed",
}
"""What the channels of an embedding are, by the model's strand mode."""
_CPU = torch.device("cpu")


class EmbeddingPlan(NamedTuple):
    """What is computed of every sequence.

    Attributes:
        model: the model.
        n_layers: how many of its layers run.
        pool: how positions become one vector.
        batch_size: sequences in one forward pass at most; None for no such limit.
        positions: tokens of a pass at most, unless it is one sequence.
        max_length_bp: longest sequence taken; None for as long as memory allows.
    """

    model: MaskedLanguageModel
    n_layers: int
    pool: Pool
    batch_size: int | None
    positions: int
    max_length_bp: int | None

    @property
    def both_strands(self) -> bool:
        """Whether embeddings join both strands: as the mode says, also for a model in training mode."""
        return self.model.config.reverse_complement in ("shared", "post-hoc")

    def described(self) -> dict[str, Any]:
        """What the numbers are: layer, pooling, strand order, configuration."""
        config = self.model.config
        norm = "after the final norm" if self.n_layers == config.n_layer else "without the final norm"
        return {
            "layer": f"{self.n_layers} of {config.n_layer}, {norm}",
            "pooling": DESCRIPTIONS[self.pool],
            "strands": STRANDS[config.reverse_complement],
            "config": config.model_dump(mode="json"),
        }

    def kept_bytes(self, n_positions: int) -> int:
        """Bytes of float32 rows for so many positions, where each keeps its own."""
        return n_positions * self.model.config.d_hidden * 4 if self.pool == "none" else 0


def resolve_layer(layer: int | None, n_layer: int) -> int:
    """How many layers run: None all, negative numbers count from the end (-1 the last).

    Raises:
        InputError: the model has no such layer.
    """
    n_layers = n_layer if layer is None else layer + (n_layer + 1 if layer < 0 else 0)
    if not 0 <= n_layers <= n_layer:
        remedy = f"give 0 (the token embedding) to {n_layer} (the last), or -1 (the last) to {-n_layer - 1}"
        raise InputError(f"no layer {layer}", place="--layer", remedy=remedy)
    return n_layers


def checked(plan: EmbeddingPlan, records: Iterable[FastaRecord]) -> Iterator[FastaRecord]:
    """The records, as long as each of them may and can be run.

    Raises:
        InputError: a sequence is not a single token, or longer than the plan takes; names it.
        MachineError: a sequence, or the rows of all positions, need more memory than there is.
    """
    kept = 0
    for record in records:
        length = len(record.sequence)
        _refuse_length(plan, record)
        what = f"sequence {record.name!r} of {length:,} bp"
        if length > budget_of(plan.model.device).positions:
            remedy = "cut it, or use more memory"
            require_memory(plan.model, 1, length, both_strands=plan.both_strands, what=what, remedy=remedy)
        if plan.pool == "none":
            new = plan.kept_bytes(length)
            kept += new
            require(new + kept, _CPU, f"{what}: rows for every position", "pool them, or take fewer sequences")
        yield record


def _refuse_length(plan: EmbeddingPlan, record: FastaRecord) -> None:
    length, place = len(record.sequence), f"sequence {record.name!r}"
    if plan.max_length_bp is not None and length > plan.max_length_bp:
        what = f"{length:,} bp is longer than the limit of {plan.max_length_bp:,} bp"
        raise InputError(what, place=place, remedy="raise --max-length, or cut it")
    if len(plan.model.tokenizer.encode(record.sequence[:_PREFIX_BP])) == 0:
        raise InputError(f"its {length} bp are not a single token", place=place, remedy="leave it out")


def in_groups(records: Iterable[FastaRecord]) -> Iterator[list[FastaRecord]]:
    """Neighbouring records, as many as are held at a time."""
    group: list[FastaRecord] = []
    size_bp = 0
    for record in records:
        group.append(record)
        size_bp += len(record.sequence)
        if len(group) >= _WAITING or size_bp >= _WAITING_BP:
            yield group
            group, size_bp = [], 0
    if group:
        yield group


class SequenceGroup(NamedTuple):
    """Sequences that are sorted by length and embedded together."""

    names: list[str]
    lengths_bp: list[int]
    tokens: list[TokenIds]

    @classmethod
    def of(cls, plan: EmbeddingPlan, records: Sequence[FastaRecord]) -> "SequenceGroup":
        """Encoded."""
        tokens = [plan.model.tokenizer.encode(record.sequence) for record in records]
        return cls([record.name for record in records], [len(record.sequence) for record in records], tokens)

    def row_counts(self, plan: EmbeddingPlan) -> list[int]:
        """How many rows each sequence has."""
        return [len(ids) if plan.pool == "none" else 1 for ids in self.tokens]


def embed_group(plan: EmbeddingPlan, group: SequenceGroup, advance: Advance) -> list[Array]:
    """Rows of each sequence of a group, which is batched by length."""
    pooled: dict[int, Array] = {}
    lengths = [len(ids) for ids in group.tokens]
    for batch in by_length(lengths, plan.batch_size or len(lengths), plan.positions):
        steps = _Steps(sum(group.lengths_bp[i] for i in batch), advance)
        pooled |= zip(batch, _pooled(plan, [group.tokens[i] for i in batch], steps), strict=True)
    return [pooled[i] for i in range(len(lengths))]


class _Steps:
    """Tells how many base pairs of a batch are done: its share of the positions that layers have to read."""

    def __init__(self, total_bp: int, advance: Advance) -> None:
        self._total_bp, self._advance = total_bp, advance
        self._total = 1
        self._done = self._told_bp = 0

    def expect(self, total: int) -> None:
        """So many positions will be told of."""
        self._total = max(1, total)

    def __call__(self, count: int) -> None:
        self._done += count
        self._tell(self._total_bp * self._done // self._total)

    def finish(self) -> None:
        self._tell(self._total_bp)

    def _tell(self, now_bp: int) -> None:
        if now_bp > self._told_bp:
            self._advance(now_bp - self._told_bp)
            self._told_bp = now_bp


@torch.inference_mode()
def _pooled(plan: EmbeddingPlan, sequences: list[TokenIds], steps: _Steps) -> list[Array]:
    """Rows of each sequence of a batch; no part of their hidden states outlives the next."""
    model, both_strands = plan.model, plan.both_strands
    batch = pad(sequences, model)
    steps.expect(batch.ids_BL.numel() * plan.n_layers * (2 if both_strands else 1))
    pooler = make_pooler(plan.pool, [len(ids) for ids in sequences], model.config.d_hidden)
    parts = model.stream(
        batch.ids_BL, batch.lengths_B, both_strands=both_strands, n_layers=plan.n_layers, advance=steps
    )
    for part, output in parts:
        pooler.add(part, output.hidden)
    steps.finish()
    return pooler.rows()
