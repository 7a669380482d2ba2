"""Training batches by step: rows in an order of the epoch's own, those of like lengths together."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from torch import Tensor

from dna_mamba.alphabet import Codes
from dna_mamba.data.labelled.dataset import Labelled
from dna_mamba.inference.batch import PaddedBatch, by_length, pad
from dna_mamba.models import TaskModel
from dna_mamba.training.finetune.problem import RowNumbers

_SORTED_BATCHES = 16
"""So many batches are drawn together and divided by length."""
_POSITIONS = {"cpu": 16_384, "cuda": 262_144}
"""Tokens of a pass, at most, unless it is one row: a batch of more goes through in several."""


class TaskBatch(NamedTuple):
    """Rows that go through a model together.

    Attributes:
        windows: of a sequence one, of a variant the windows with REF and with ALT.
        targets: int64 (B,) or float32 (B, K), where the model is.
        noise_seed: of dropout.
    """

    windows: tuple[PaddedBatch, ...]
    targets: Tensor
    noise_seed: int


def windows_of(model: TaskModel, data: Labelled, rows: Sequence[int]) -> tuple[PaddedBatch, ...]:
    """Token ids of some rows."""
    sources = [data.sequences] if data.alternatives is None else [data.sequences, data.alternatives]
    return tuple(_padded(model, [source[row] for row in rows]) for source in sources)


def _padded(model: TaskModel, sequences: Sequence[Codes]) -> PaddedBatch:
    return pad([model.tokenizer.encode_codes(codes) for codes in sequences], model)


class EpochBatches:
    """``batches[step]``: every row once an epoch, the same whenever it is asked for.

    Args:
        model: reads them.
        data: all rows.
        targets: of all rows.
        rows: that are trained on.
        size: rows a step.
        seed: of their order.
    """

    def __init__(
        self, model: TaskModel, data: Labelled, targets: Tensor, rows: RowNumbers, size: int, seed: int
    ) -> None:
        self._model, self._data, self._targets, self._rows = model, data, targets, rows
        self._size, self._seed = size, seed
        self._lengths = np.array([len(codes) for codes in data.sequences])
        self._epoch: tuple[int, list[RowNumbers]] = (-1, [])

    @property
    def steps_per_epoch(self) -> int:
        """Steps in which every row is read once."""
        return -(-len(self._rows) // self._size)

    def rows_of(self, step: int) -> RowNumbers:
        """The rows of a 0-based step."""
        epoch, number = divmod(step, self.steps_per_epoch)
        if self._epoch[0] != epoch:
            self._epoch = epoch, self._deal(epoch)
        return self._epoch[1][number]

    def __getitem__(self, step: int) -> list[TaskBatch]:
        rows = self.rows_of(step).tolist()
        positions = _POSITIONS.get(self._model.device.type, _POSITIONS["cpu"])
        parts = by_length([int(self._lengths[row]) for row in rows], len(rows), positions)
        return [self._batch([rows[i] for i in part], (step << 10) + number) for number, part in enumerate(parts)]

    def _batch(self, rows: list[int], number: int) -> TaskBatch:
        targets = self._targets[rows].to(self._model.device)
        return TaskBatch(windows_of(self._model, self._data, rows), targets, (self._seed << 40) + number)

    def _deal(self, epoch: int) -> list[RowNumbers]:
        generator = np.random.default_rng((self._seed, epoch))
        order = generator.permutation(self._rows)
        dealt: list[RowNumbers] = []
        for first in range(0, len(order), self._size * _SORTED_BATCHES):
            some = order[first : first + self._size * _SORTED_BATCHES]
            some = some[np.argsort(self._lengths[some], kind="stable")]
            dealt += [some[at : at + self._size] for at in range(0, len(some), self._size)]
        return [dealt[i] for i in generator.permutation(len(dealt))]


def logits_of(model: TaskModel, windows: Sequence[PaddedBatch]) -> Tensor:
    """Logits (B, K) of sequences, or of variants by both their windows."""
    if len(windows) == 1:
        return model(*windows[0]).logits  # type: ignore[no-any-return]
    (ref_ids, ref_lengths), (alt_ids, alt_lengths) = windows
    return model.forward_pair(ref_ids, alt_ids, ref_lengths, alt_lengths).logits


