"""What explaining will take, before it: memory from the shapes, time from one pass on the first item."""

import time
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from dna_mamba.alphabet import N_CODE, bases_of
from dna_mamba.explain.attribute import Explaining, attribute, gradient_bytes
from dna_mamba.explain.items import ExplainItem
from dna_mamba.inference.estimate import Estimate
from dna_mamba.models import LoadedModel
from dna_mamba.models.memory import Shape, inference_bytes

_FORTH_AND_BACK = 3
"""A pass with its gradients takes about the time of three without."""
_ANSWERS = 3
"""Of an item and its baseline, and of which output is asked about."""
_PASSES = 2


class ExplainEstimate(NamedTuple):
    """What a run will take: its items, those of them that can be explained, and the model's passes.

    ``passes.positions`` are those read, three times where gradients are wanted.
    """

    n_items: int
    n_explained: int
    passes: Estimate


def estimate_explaining(model: LoadedModel, items: Iterable[ExplainItem], how: Explaining) -> ExplainEstimate:
    """Of all items together. Raises InputError as reading them does, or attributing the first."""
    n_items = n_explained = positions = longest = 0
    first: ExplainItem | None = None
    for item in items:
        n_items += 1
        if len(item):
            n_explained += 1
            positions += _positions(item, how)
            longest = max(longest, len(item))
            first = item if first is None else first
    if first is None:
        return ExplainEstimate(n_items, 0, Estimate(0, 0.0, model.n_bytes))
    seconds = positions * _seconds_per_position(model, first, how)
    return ExplainEstimate(n_items, n_explained, Estimate(positions, seconds, _memory(model, longest, how)))


def _positions(item: ExplainItem, how: Explaining) -> int:
    if how.method == "ism":
        return len(item) * (3 * int(np.count_nonzero(bases_of(item.codes) < N_CODE)) + _ANSWERS)
    n_steps = how.n_steps if how.method == "integrated-gradients" else 1
    return len(item) * (_FORTH_AND_BACK * n_steps + _ANSWERS)


def _memory(model: LoadedModel, longest: int, how: Explaining) -> int:
    if how.method != "ism":
        return model.n_bytes + gradient_bytes(model, longest, how)
    shape = Shape(2, max(longest, how.positions_on(model)))
    return model.n_bytes + inference_bytes(model.config, shape, model.device, model.dtype)


def _seconds_per_position(model: LoadedModel, item: ExplainItem, how: Explaining) -> float:
    """Of one full pass: as many steps, or mutants, as go through the model together."""
    rows = max(1, how.positions_on(model) // len(item))
    some = how._replace(n_steps=min(how.n_steps, rows))
    if how.method == "ism":
        item = _with_known(item, -(-rows // 3))
    seconds = []
    for _ in range(_PASSES):
        started = time.perf_counter()
        attribute(model, [item], some)
        seconds.append(time.perf_counter() - started)
    return min(seconds) / _positions(item, some)


def _with_known(item: ExplainItem, n_bases: int) -> ExplainItem:
    """All but the first so many bases N: others are not mutated."""
    codes = item.codes.copy()
    codes[np.flatnonzero(bases_of(codes) < N_CODE)[n_bases:]] = N_CODE
    return ExplainItem(**{**item._asdict(), "codes": codes})  # a length of its own keeps _replace from working
