"""Attributions of items, those of one score in batches of like lengths."""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from dna_mamba.errors import InputError
from dna_mamba.explain.explained import HeadAnswer, VariantAnswer
from dna_mamba.explain.gradients import Comparisons, GradientPath, mean_gradients
from dna_mamba.explain.items import Attribution, ExplainItem, ExplainMethod
from dna_mamba.explain.soft import (
    ComparedWith,
    base_columns,
    baseline_tokens,
    frozen,
    ids_of,
    known_bases,
    one_hot,
    padded,
)
from dna_mamba.explain.substitutions import substitution_effects
from dna_mamba.inference.batch import by_length, positions_per_pass
from dna_mamba.models import LoadedModel
from dna_mamba.models.memory import Shape, require, training_memory

DEFAULT_STEPS = 64
_MOST_POSITIONS = 16_384
"""In a pass whose layers are kept for the backward pass."""
_NOT_EXPLAINED = float("nan")


class Explaining(NamedTuple):
    """How items are explained.

    Attributes:
        method: ``integrated-gradients``, ``input-x-gradient`` or ``ism``.
        baseline: what gradients compare with; ``ism`` has none. None is ``mask`` for integrated gradients, whose way
            from there is the smoothest, and ``uniform`` for input x gradient, which looks at no way.
        n_steps: places on the way from the baseline at which integrated gradients look.
        positions: that go through the model together; None is what suits the device.
    """

    method: ExplainMethod = "integrated-gradients"
    baseline: ComparedWith | None = None
    n_steps: int = DEFAULT_STEPS
    positions: int | None = None

    @property
    def compared_with(self) -> ComparedWith:
        """The baseline."""
        return self.baseline or ("mask" if self.method == "integrated-gradients" else "uniform")

    @property
    def path(self) -> GradientPath:
        """Where gradients are taken."""
        return GradientPath.integral(self.n_steps) if self.method == "integrated-gradients" else GradientPath.end()

    def positions_on(self, model: LoadedModel) -> int:
        """As asked, or what suits the device."""
        return self.positions or min(positions_per_pass(model), _MOST_POSITIONS)


def attribute(model: LoadedModel, items: Sequence[ExplainItem], how: Explaining) -> list[Attribution]:
    """What each base of each item counts, in the order given; none depends on its batch mates beyond rounding.

    Raises:
        InputError: the model's answers are not finite.
        MachineError: an item needs more memory than there is.
    """
    found: dict[int, Attribution] = {}
    asked = [index for index, item in enumerate(items) if len(item)]
    for _, group in groupby(asked, key=lambda index: id(items[index].score)):
        some = list(group)
        for batch in by_length([len(items[index]) for index in some], len(some), how.positions_on(model)):
            chosen = [some[place] for place in batch]
            found.update(zip(chosen, _of_batch(model, [items[index] for index in chosen], how), strict=True))
    return [found.get(index) or _none(item) for index, item in enumerate(items)]


def _none(item: ExplainItem) -> Attribution:
    return Attribution(item, -1, _NOT_EXPLAINED, _NOT_EXPLAINED, np.zeros((0, 5), dtype=np.float32))


def _of_batch(model: LoadedModel, items: Sequence[ExplainItem], how: Explaining) -> list[Attribution]:
    rows = max(1, how.positions_on(model) // max(map(len, items)))
    if how.method == "ism":
        return [_mutated(model, item, rows) for item in items]
    ways = _ways(model, items, how.compared_with)
    score = items[0].score
    assert score is not None
    with torch.no_grad():
        values_B = score(ways.inputs_BLV, ways.lengths_B, ways.outputs_B).double().cpu()
        starts_B = score(ways.baselines_BLV, ways.lengths_B, ways.outputs_B).double().cpu()
    with frozen(model, recompute=_must_recompute(model, items)):
        gradients_BLV = mean_gradients(score, ways, how.path, rows)
    return [
        _checked(item, int(output), float(value), float(start), _values(model, item, how.compared_with, gradient_LV))
        for item, output, value, start, gradient_LV in zip(
            items, ways.outputs_B.tolist(), values_B, starts_B, gradients_BLV, strict=True
        )
    ]


def _ways(model: LoadedModel, items: Sequence[ExplainItem], baseline: ComparedWith) -> Comparisons:
    inputs = [one_hot(model, ids_of(model.tokenizer, item.codes).to(model.device)) for item in items]
    lengths = [len(item.codes) for item in items]
    lengths_B = None if min(lengths) == max(lengths) else torch.tensor(lengths, device=model.device)
    outputs_B = torch.tensor([_output(model, item) for item in items], device=model.device)
    baselines = [baseline_tokens(model, item.codes, baseline) for item in items]
    return Comparisons(padded(inputs), padded(baselines), lengths_B, outputs_B)


@torch.no_grad()
def _output(model: LoadedModel, item: ExplainItem) -> int:
    """The output asked about, or the one whose score is highest."""
    if item.output is not None:
        return item.output
    ids_BL = ids_of(model.tokenizer, item.codes).to(model.device)[None]
    if isinstance(item.score, HeadAnswer):
        return int(item.score.all_outputs(ids_BL, None).argmax())
    assert isinstance(item.score, VariantAnswer)
    return int(item.score.all_outputs(ids_BL).argmax())


def _values(model: LoadedModel, item: ExplainItem, baseline: ComparedWith, gradient_LV: Tensor) -> Tensor:
    """(L, 5) from mean gradients (L, V): of the base that is there, then of A, C, G, T in its place."""
    gradient_LV = gradient_LV[: len(item)]
    baseline_LV = baseline_tokens(model, item.codes, baseline).cpu().double()
    columns_L4 = gradient_LV[:, base_columns(model).cpu()] - (gradient_LV * baseline_LV).sum(-1, keepdim=True)
    return _with_own_base(item, columns_L4)


def _mutated(model: LoadedModel, item: ExplainItem, rows: int) -> Attribution:
    """As with a uniform baseline, each base counts against the mean of the four."""
    assert item.score is not None
    output = _output(model, item)
    value, effects_L4 = substitution_effects(item.score, model, item.codes, output, rows)
    values_L5 = _with_own_base(item, effects_L4 - effects_L4.mean(-1, keepdim=True))
    return _checked(item, output, value, _NOT_EXPLAINED, values_L5)


def _with_own_base(item: ExplainItem, columns_L4: Tensor) -> Tensor:
    known_L = known_bases(item.codes)
    codes_L = torch.from_numpy((item.codes & 3).astype(np.int64))
    own_L1 = columns_L4.gather(1, codes_L[:, None])
    return torch.cat([own_L1, columns_L4], dim=1).masked_fill(~known_L[:, None], 0)


def _checked(item: ExplainItem, output: int, value: float, start: float, values_L5: Tensor) -> Attribution:
    if not (np.isfinite(value) and bool(torch.isfinite(values_L5).all())):
        remedy = "its weights are damaged: use another copy"
        raise InputError("the model's answers are not finite", place=item.name, remedy=remedy)
    return Attribution(item, output, value, start, values_L5.float().numpy() + np.float32(0))


def _must_recompute(model: LoadedModel, items: Sequence[ExplainItem]) -> bool:
    """Whether one sequence is so long that layers are not kept; refuses what does not fit even so."""
    longest = max(map(len, items))
    what, remedy = f"{items[-1].name}, {longest:,} bp", "explain a shorter stretch, with -r or --context"
    require(training_memory(model.config, Shape(2, longest), 0, recompute=True).total, model.device, what, remedy)
    return longest > _MOST_POSITIONS


def gradient_bytes(model: LoadedModel, longest: int, how: Explaining) -> int:
    """What the passes for gradients of items of ``longest`` bases and fewer take at most, beyond the weights."""
    shape = Shape(2, max(longest, how.positions_on(model)))
    return training_memory(model.config, shape, 0, recompute=longest > _MOST_POSITIONS).total
