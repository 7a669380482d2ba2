"""Streamed inference gives what one pass gives: every strand mode, any chunk, any length."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.models import MaskedLanguageModel, ModelOutput
from dna_mamba.models.config import ReverseComplement
from tests.models.test_model import TOLERANCE, random_ids, small_model

MODES = ["none", "augment", "post-hoc", "shared"]


def joined(model: MaskedLanguageModel, ids: torch.Tensor, **how: object) -> ModelOutput:
    """All parts side by side, after a check that they follow each other."""
    parts = list(model.stream(ids, **how))
    assert [part.start for part, _ in parts] == [0, *(part.end for part, _ in parts[:-1])][: len(parts)]
    return ModelOutput(*(torch.cat(tensors, dim=1) for tensors in zip(*(output for _, output in parts), strict=True)))


@pytest.mark.parametrize("mode", MODES)
@given(length=st.integers(1, 70), chunk=st.integers(1, 80), batch=st.integers(1, 2))
def test_parts_are_the_whole(mode: ReverseComplement, length: int, chunk: int, batch: int) -> None:
    model, ids = small_model(mode), random_ids(batch, length, seed=length)
    with torch.no_grad():
        whole = model(ids)
    for streamed, expected in zip(joined(model, ids, chunk=chunk), whole, strict=True):
        torch.testing.assert_close(streamed, expected, **TOLERANCE)


@pytest.mark.parametrize("d_conv", [1, 2, 7])
def test_chunks_shorter_than_the_convolution(d_conv: int) -> None:
    model, ids = small_model("shared", d_conv=d_conv), random_ids(1, 23)
    torch.testing.assert_close(joined(model, ids, chunk=3).logits, model(ids).logits, **TOLERANCE)


@pytest.mark.parametrize("mode", MODES)
def test_both_strands_on_demand(mode: ReverseComplement) -> None:
    model, ids = small_model(mode), random_ids(1, 41)
    torch.testing.assert_close(
        joined(model, ids, both_strands=True, chunk=10).logits, model.both_strands(ids).logits, **TOLERANCE
    )


def test_chunk_edges_matter_to_the_result() -> None:
    """The tests above can fail: a sequence cut into parts that know nothing of each other gives something else."""
    model, ids = small_model("none"), random_ids(1, 40)
    halves = torch.cat([model(ids[:, :20]).logits, model(ids[:, 20:]).logits], dim=1)
    assert (halves - model(ids).logits).abs().max() > 1e-2


def test_the_residual_is_all_that_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    """No layer ever sees more positions than a chunk holds."""
    model, seen = small_model("shared"), []
    for layer in model.encoder.layers:
        layer.norm.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].shape[:2].numel()))
    joined(model, random_ids(1, 300), chunk=32)
    assert max(seen) == 32 and len(seen) > 300 * 2 // 32
