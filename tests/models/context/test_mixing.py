"""Sequences over two and four processes against one process: hidden states, logits, loss and every gradient."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn import functional as F

from dna_mamba.models import MaskedLanguageModel
from dna_mamba.models.context import SequencePart
from dna_mamba.models.strands import ModelOutput
from tests.models.context.ranks import on_ranks
from tests.models.test_model import random_ids, small_model

LENGTH = 23
OTHER_SWITCHES = {
    "norm": "layer", "conv_bias": False, "proj_bias": True, "tied": False, "residual_in_fp32": True,
    "complemented_input": True,
}  # fmt: skip


class Case(NamedTuple):
    """A model and what it reads. ``lengths`` of the rows, which are padded to ``length``."""

    mode: Any
    length: int = LENGTH
    lengths: tuple[int, ...] | None = None
    dtype: torch.dtype = torch.float32
    fields: dict[str, Any] = {}  # noqa: RUF012 - never changed
    training: bool = True
    recompute: bool = False
    autocast: bool = False

    def model(self) -> MaskedLanguageModel:
        """Fast and slow channels: what a state carries over several parts counts, and what it forgets."""
        model = small_model(self.mode, **self.fields).to(self.dtype).train(self.training)
        with torch.no_grad():
            for name, weight in model.named_parameters():
                if name.endswith("A_log"):
                    weight.sub_(3)
        model.encoder.recompute = self.recompute
        return model


DOUBLE, PADDED = torch.float64, (LENGTH, 9, 1)
CASES = {
    "one strand": Case("none"),
    "one strand in float64, padded": Case("augment", lengths=PADDED, dtype=DOUBLE),
    "both strands, padded": Case("shared", lengths=PADDED),
    "both strands in float64": Case("shared", dtype=DOUBLE),
    "both strands in float64, padded": Case("shared", lengths=PADDED, dtype=DOUBLE),
    "averaged strands, padded": Case("post-hoc", lengths=PADDED, training=False),
    "averaged strands in training": Case("post-hoc", dtype=DOUBLE),
    "other switches": Case("shared", lengths=PADDED, dtype=DOUBLE, fields=OTHER_SWITCHES),
    "products of directions": Case("none", dtype=DOUBLE, fields={"combine": "multiply"}),
    "no convolution": Case("shared", dtype=DOUBLE, fields={"d_conv": 1}),
    "parts shorter than the convolution": Case("shared", length=7, lengths=(7, 3, 2), dtype=DOUBLE),
    "parts without a position": Case("shared", length=2, lengths=(2, 1, 2), dtype=DOUBLE),
    "one position": Case("none", length=1, dtype=DOUBLE),
    "recomputed": Case("shared", lengths=PADDED, dtype=DOUBLE, recompute=True),
    "recomputed in bfloat16": Case("shared", lengths=PADDED, recompute=True, autocast=True),
    "bfloat16": Case("none", autocast=True),
}


def tolerance(case: Case, of: Tensor) -> float:
    """Of differences: a share of the largest number there is."""
    share = 0.05 if case.autocast else 1e-10 if case.dtype == DOUBLE else 1e-5
    return share * max(1.0, float(of.detach().abs().max()) if of.numel() else 0.0)


def loss_of(output: ModelOutput, targets: Tensor, weights: Tensor, total: Tensor) -> Tensor:
    """A weighted mean over all of the batch, or what a part adds to it."""
    losses = F.cross_entropy(output.logits.transpose(1, 2), targets, reduction="none")
    return (losses * weights).sum() / total


def assert_near(case: Case, got: Tensor, wanted: Tensor, what: str) -> None:
    torch.testing.assert_close(got, wanted, rtol=0, atol=tolerance(case, wanted), msg=lambda text: f"{what}: {text}")


def check_case(name: str) -> None:
    """All of it in this process, and its part of it with the others."""
    case = CASES[name]
    ids, targets = random_ids(3, case.length), random_ids(3, case.length, seed=5)
    lengths = None if case.lengths is None else torch.tensor(case.lengths)
    weights = torch.rand(3, case.length, dtype=case.dtype, generator=torch.Generator().manual_seed(3))
    if lengths is not None:
        weights *= torch.arange(case.length) < lengths[:, None]
    part = SequencePart.here(case.length)
    autocast = torch.autocast("cpu", torch.bfloat16) if case.autocast else nullcontext()
    whole, model = case.model(), case.model()
    with autocast:
        expected = whole(ids, lengths)
        output = model(part.of(ids), part.lengths(lengths), part)
    loss = loss_of(expected, targets, weights, weights.sum())
    own_loss = loss_of(output, part.of(targets), part.of(weights), weights.sum())
    with torch.no_grad(), autocast:
        quiet = model(part.of(ids), part.lengths(lengths), part)
    assert not quiet.logits.requires_grad
    assert_near(case, quiet.logits, output.logits.detach(), f"{name}: without gradients")
    asked = ... if lengths is None else torch.arange(case.length) < lengths[:, None]
    here = ... if lengths is None else part.of(asked)
    assert_near(case, output.hidden, part.of(expected.hidden), f"{name}: hidden states")
    assert_near(case, output.logits[here], part.of(expected.logits)[here], f"{name}: logits")
    loss.backward()
    own_loss.backward()
    summed = own_loss.detach()
    dist.all_reduce(summed)
    assert_near(case, summed, loss.detach(), f"{name}: loss")
    for (label, weight), wanted in zip(model.named_parameters(), whole.parameters(), strict=True):
        if wanted.grad is None:
            assert weight.grad is None, f"{name}: gradient of {label}"
            continue
        dist.all_reduce(weight.grad)
        assert_near(case, weight.grad, wanted.grad, f"{name}: gradient of {label}")


def check_all(rank: int, size: int) -> None:
    for name in CASES:
        check_case(name)


@pytest.mark.parametrize("size", [2, 4])
def test_parts_of_sequences_give_what_whole_sequences_give(size: int, tmp_path: Path) -> None:
    on_ranks(size, check_all, tmp_path / "store")
