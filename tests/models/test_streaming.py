"""Streamed inference gives what one pass gives: every strand mode, any chunk, any length."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.models import MaskedLanguageModel, ModelConfig, ModelOutput, streaming
from dna_mamba.models.config import ReverseComplement
from dna_mamba.models.precision import in_precision
from dna_mamba.models.streaming import Budget, Keep, Part, parts_of, what_to_keep
from tests.models.test_model import TOLERANCE, random_ids, small_model

MODES = ["none", "augment", "post-hoc", "shared"]


def joined(model: MaskedLanguageModel, ids: torch.Tensor, **how: object) -> ModelOutput:
    """All parts side by side, after a check that they follow each other."""
    parts = list(model.stream(ids, **how))
    assert [part.start for part, _ in parts] == [0, *(part.end for part, _ in parts[:-1])][: len(parts)]
    return ModelOutput(*(torch.cat(tensors, dim=1) for tensors in zip(*(output for _, output in parts), strict=True)))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kept_bytes", [0, 20_000, 10**9])
@given(length=st.integers(1, 70), positions=st.integers(1, 80), batch=st.integers(1, 2))
def test_parts_are_the_whole(mode: ReverseComplement, kept_bytes: int, length: int, positions: int, batch: int) -> None:
    """The whole is the pass that gradients flow through: it is not part of what is tested."""
    model, ids = small_model(mode), random_ids(batch, length, seed=length)
    parts = joined(model, ids, budget=Budget(positions, kept_bytes))
    for streamed, expected in zip(parts, model(ids), strict=True):
        torch.testing.assert_close(streamed, expected, **TOLERANCE)


@pytest.mark.parametrize("fields", [{}, {"combine": "multiply"}, {"tied": False}], ids=str)
@pytest.mark.parametrize("in_a_block", [False, True])
def test_what_is_kept_does_not_change_a_bit(
    fields: dict[str, Any], in_a_block: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Free memory decides how much is kept, and must decide nothing else."""
    model, ids = small_model("shared", **fields), random_ids(2, 90)
    if in_a_block:
        monkeypatch.setattr(streaming, "_WORTH_A_BLOCK", 0)
    results = [joined(model, ids, budget=Budget(32, kept)) for kept in (0, 9_000, 12_000, 20_000, 10**9)]
    for other in results[1:]:
        assert torch.equal(other.logits, results[0].logits) and torch.equal(other.hidden, results[0].hidden)


def test_what_is_kept_is_counted_in_the_mixers_type(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the bytes hold as many positions: the residual stream is wider than what is kept."""
    seen = []
    inner = streaming.what_to_keep

    def watched(*given: Any, **how: Any) -> streaming.Kept:
        seen.append(inner(*given, **how))
        return seen[-1]

    monkeypatch.setattr(streaming, "what_to_keep", watched)
    for precision, kept_bytes in (("float32", 9_000), ("bfloat16", 4_500)):
        joined(in_precision(small_model("none"), precision), random_ids(1, 90), budget=Budget(32, kept_bytes))
    assert len(set(seen)) == 1 and 0 < seen[0].outputs < 90


@pytest.mark.parametrize("fields", [{}, {"complemented_input": True}], ids=str)
def test_embedding_in_parts_is_the_same(fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    model, ids = small_model("shared", **fields), random_ids(2, 90)
    monkeypatch.setitem(streaming.BUDGETS, "cpu", streaming.DeviceBudget(32, 0))
    assert torch.equal(model.encoder.residual(ids, n_layers=0), model.encoder.embed(ids))


@given(
    batch=st.integers(1, 4),
    length=st.integers(1, 500),
    positions=st.integers(1, 90),
    kept_bytes=st.integers(0, 200_000),
    tied=st.booleans(),
)
def test_no_more_is_kept_than_fits(batch: int, length: int, positions: int, kept_bytes: int, tied: bool) -> None:
    kept = what_to_keep(batch, length, 16, torch.float32, tied=tied, kept_bytes=kept_bytes)
    of_parts = [(part, kept.of(part)) for part in parts_of(length, positions)]
    total = sum(int(keep) * (part.end - part.start) for part, keep in of_parts)
    assert total * batch * 16 * 4 <= kept_bytes
    assert tied or all(keep < Keep.INPUTS for _, keep in of_parts)
    assert sorted((keep for _, keep in of_parts), reverse=True) == [keep for _, keep in of_parts]


@pytest.mark.parametrize("budget", [Budget(16, 0), Budget(16, 10**9), Budget(100, 0)])
def test_padding_in_parts(budget: Budget) -> None:
    model, ids, lengths = small_model("none"), random_ids(3, 40), torch.tensor([40, 3, 17])
    expected, pads = model(ids, lengths).hidden, torch.arange(40) >= lengths[:, None]
    hidden = model.encoder.norm(model.encoder.residual(ids, lengths, budget))
    torch.testing.assert_close(hidden.masked_fill(pads[..., None], 0), expected, **TOLERANCE)


def test_without_gradients_the_answer_is_the_same() -> None:
    model, ids, lengths = small_model("shared"), random_ids(3, 40), torch.tensor([40, 3, 17])
    expected = model(ids, lengths)
    with torch.no_grad():
        for a, b in zip(model(ids, lengths), expected, strict=True):
            torch.testing.assert_close(a, b, **TOLERANCE)


@pytest.mark.parametrize("d_conv", [1, 2, 7])
def test_parts_shorter_than_the_convolution(d_conv: int) -> None:
    model, ids = small_model("shared", d_conv=d_conv), random_ids(1, 23)
    torch.testing.assert_close(joined(model, ids, budget=Budget(3, 0)).logits, model(ids).logits, **TOLERANCE)


@pytest.mark.parametrize("mode", MODES)
def test_both_strands_on_demand(mode: ReverseComplement) -> None:
    model, ids = small_model(mode), random_ids(1, 41)
    torch.testing.assert_close(
        joined(model, ids, both_strands=True, budget=Budget(10, 0)).logits, model.both_strands(ids).logits, **TOLERANCE
    )


def test_edges_matter_to_the_result() -> None:
    """The tests above can fail: a sequence cut into parts that know nothing of each other gives something else."""
    model, ids = small_model("none"), random_ids(1, 40)
    halves = torch.cat([model(ids[:, :20]).logits, model(ids[:, 20:]).logits], dim=1)
    assert (halves - model(ids).logits).abs().max() > 1e-2


def test_the_residual_is_all_that_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    """No layer ever sees more positions than the budget says."""
    model, seen = small_model("shared"), []
    for layer in model.encoder.layers:
        layer.norm.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].shape[:2].numel()))
    joined(model, random_ids(1, 300), budget=Budget(32, 0))
    assert max(seen) == 32 and len(seen) > 300 * 2 // 32


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("both_strands", [None, True])
@given(lengths=st.lists(st.integers(1, 30), min_size=1, max_size=4), positions=st.integers(1, 90))
def test_padding_streamed(
    mode: ReverseComplement, both_strands: bool | None, lengths: list[int], positions: int
) -> None:
    model, ids, lengths_B = small_model(mode), random_ids(len(lengths), max(lengths)), torch.tensor(lengths)
    expected = (model.both_strands if both_strands else model)(ids, lengths_B)
    parts = joined(model, ids, lengths=lengths_B, both_strands=both_strands, budget=Budget(positions, 0))
    for streamed, whole in zip(parts, expected, strict=True):
        torch.testing.assert_close(streamed, whole, **TOLERANCE)


@pytest.mark.parametrize("mode", MODES)
def test_the_first_layers_alone(mode: ReverseComplement) -> None:
    """Against the layers called one by one on each strand; the final norm belongs to the last."""
    model, ids = small_model(mode), random_ids(2, 23)
    n_layer, complement_V = model.config.n_layer, model.complement_V
    assert complement_V is not None
    a_BLD = model.encoder.embed(ids)
    b_BLD = model.encoder.embed(complement_V[ids].flip(1))
    for n_layers in range(n_layer + 1):
        if n_layers:
            layer = model.encoder.layers[n_layers - 1]
            a_BLD, b_BLD = layer(a_BLD), layer(b_BLD)
        finish = model.encoder.norm if n_layers == n_layer else torch.nn.Identity()
        forward, backward = finish(a_BLD), finish(b_BLD).flip(1)
        expected = {
            "shared": torch.cat([forward, backward.flip(-1)], dim=-1),
            "post-hoc": (forward + backward) / 2,
        }.get(mode, forward)
        hidden = joined(model, ids, n_layers=n_layers, budget=Budget(16, 0)).hidden
        torch.testing.assert_close(hidden, expected, **TOLERANCE)


@pytest.mark.parametrize("kept_bytes", [0, 20_000, 10**9])
def test_progress_is_told_within_a_sequence(kept_bytes: int) -> None:
    model = small_model("shared")
    told: list[int] = []
    joined(model, random_ids(1, 300), budget=Budget(32, kept_bytes), advance=told.append)
    assert sum(told) == 2 * 300 * model.config.n_layer and max(told) == 32


@pytest.mark.parametrize(
    ("length", "positions", "ends"),
    [
        (1, 4, [1]),
        (3, 4, [3]),
        (4, 4, [4]),
        (5, 4, [4, 5]),
        (8, 4, [4, 8]),
        (9, 4, [4, 8, 9]),
        (3, 1, [1, 2, 3]),
        (3, 0, [1, 2, 3]),
        (16_385, 4096, [4096, 8192, 12_288, 16_384, 16_385]),
    ],
)
def test_parts_at_their_edges(length: int, positions: int, ends: list[int]) -> None:
    """A length that is a multiple leaves no empty part, one more leaves a part of one."""
    assert parts_of(length, positions) == [Part(a, b) for a, b in zip([0, *ends], ends, strict=False)]


@pytest.mark.parametrize("length", [15, 16, 17, 31, 32, 33])
@pytest.mark.parametrize("mode", MODES)
def test_streamed_logits_at_the_exact_edges(mode: ReverseComplement, length: int) -> None:
    """Parts of 16 positions of a strand; where both strands are run, of 8."""
    model, ids = small_model(mode), random_ids(1, length)
    expected = model(ids)
    size = 16 // (2 if mode in ("post-hoc", "shared") else 1)
    parts = list(model.stream(ids, budget=Budget(16, 0)))
    assert [part.end for part, _ in parts] == sorted({*range(size, length + 1, size), length})
    for part, output in parts:
        assert output.logits.shape[1] == part.end - part.start
        for position in {part.start, part.end - 1}:
            here = output.logits[0, position - part.start]
            torch.testing.assert_close(here, expected.logits[0, position], **TOLERANCE)


def test_the_usual_budget_cuts_windows_of_16_kb() -> None:
    """A window of 16,385 bp, as context 16 kb and a change of two bases make: five parts, the last of one base."""
    torch.manual_seed(2)
    tokenizer = {"kind": "nucleotide", "vocabulary": "caduceus"}
    config = ModelConfig(d_model=2, n_layer=1, d_state=1, expand=1, tokenizer=tokenizer)
    model, ids = MaskedLanguageModel(config).eval(), random_ids(1, 16_385)
    edges = [0, 4095, 4096, 8191, 8192, 16_383, 16_384]
    parts = list(model.stream(ids))
    assert [part.end for part, _ in parts] == [4096, 8192, 12_288, 16_384, 16_385]
    logits = torch.cat([output.logits for _, output in parts], dim=1)
    torch.testing.assert_close(logits[0, edges], model(ids).logits[0, edges], **TOLERANCE)
