"""Heads: strands, batch mates, parts, gradients, and the linear models of scikit-learn."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from dna_mamba.errors import InputError
from dna_mamba.models import HeadConfig, MaskedLanguageModel, TaskModel, preset
from dna_mamba.models.config import ReverseComplement
from dna_mamba.models.precision import in_precision
from dna_mamba.models.strands import reverse_complement_ids
from dna_mamba.models.streaming import BUDGETS, Budget, DeviceBudget
from dna_mamba.tokenizers import BPETokenizer
from tests.models.heads.worlds import ALONG, JOINING, POOLED, bases, task_model
from tests.worlds import MODES, small_model

CLOSE = {"rtol": 1e-5, "atol": 1e-5}
VARIANT = {"task": "variant", "variant_of": "classification", "outputs": ("benign", "pathogenic")}
EFFECT = {"task": "variant", "variant_of": "regression", "outputs": ("log2fc",), "target_scales": (3.0,)}


def other_strand(model: TaskModel, ids: torch.Tensor, lengths: torch.Tensor | None = None) -> torch.Tensor:
    assert model.complement_V is not None
    return reverse_complement_ids(ids, model.complement_V, lengths)


@pytest.mark.parametrize("mode", JOINING)
@pytest.mark.parametrize("fields", POOLED, ids=str)
def test_both_strands_get_one_answer(mode: ReverseComplement, fields: dict[str, object]) -> None:
    model, ids, lengths = task_model(fields, mode), bases(3, 29), torch.tensor([29, 12, 1])
    for train in (False, True):
        model.train(train)
        here, there = model(ids, lengths), model(other_strand(model, ids, lengths), lengths)
        torch.testing.assert_close(here.logits, there.logits, **CLOSE)
    assert here.logits[0].sub(here.logits[1]).abs().max() > 1e-3  # the answer depends on the sequence


@pytest.mark.parametrize("mode", JOINING)
@pytest.mark.parametrize("fields", ALONG, ids=str)
def test_along_the_other_strand_the_answer_is_mirrored(mode: ReverseComplement, fields: dict[str, object]) -> None:
    model, ids = task_model(fields, mode), bases(2, 36)
    complement = list(model.head_config.complement or range(len(model.head_config.outputs)))
    here, there = model(ids).logits, model(other_strand(model, ids)).logits
    torch.testing.assert_close(here, there.flip(1)[..., complement], **CLOSE)
    assert (here - there.flip(1)).abs().max() > 1e-3 or model.head_config.complement is None


@pytest.mark.parametrize("fields", [POOLED[0], ALONG[1]], ids=str)
@pytest.mark.parametrize(("mode", "strands"), [("none", "joined"), ("augment", "joined"), ("shared", "given")])
def test_where_strands_are_not_joined_they_differ(
    mode: ReverseComplement, strands: str, fields: dict[str, object]
) -> None:
    """The tests above can fail."""
    model, ids = task_model(fields | {"strands": strands}, mode), bases(2, 20)
    there = model(other_strand(model, ids)).logits
    mirrored = there.flip(1) if model.head_config.by_position else there
    assert (model(ids).logits - mirrored).abs().max() > 1e-3


@pytest.mark.parametrize("mode", MODES)
@settings(max_examples=30)
@given(
    fields=st.sampled_from([*POOLED, *ALONG]),
    strands=st.sampled_from(["joined", "given"]),
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=4),
    gradients=st.booleans(),
)
def test_batch_mates_do_not_matter(
    mode: ReverseComplement, fields: dict[str, object], strands: str, lengths: list[int], gradients: bool
) -> None:
    if strands == "given":
        fields = {key: value for key, value in fields.items() if key != "complement"}
    model, ids = task_model(fields | {"strands": strands}, mode), bases(len(lengths), max(lengths) + 3)
    with torch.set_grad_enabled(gradients):
        together = model(ids, torch.tensor(lengths)).logits
        for row, length in enumerate(lengths):
            alone, found = model(ids[row : row + 1, :length]).logits[0], together[row]
            if model.head_config.by_position:
                assert not found[len(alone) :].any()
                found = found[: len(alone)]
                assert len(alone) == length // (model.head_config.bin_bp or 1)
            torch.testing.assert_close(found, alone, **CLOSE)


@pytest.mark.parametrize("mode", ["none", "post-hoc", "shared"])
@settings(max_examples=20)
@given(
    fields=st.sampled_from([*POOLED, *ALONG]),
    positions=st.integers(1, 70),
    padded=st.booleans(),
    kept=st.sampled_from([0, 10**9]),
)
def test_parts_of_any_size_give_what_the_whole_gives(
    mode: ReverseComplement, fields: dict[str, object], positions: int, padded: bool, kept: int
) -> None:
    model, ids = task_model(fields, mode), bases(2, 31)
    lengths = torch.tensor([26, 9]) if padded else None
    whole = model(ids, lengths).logits.detach()
    parts = list(model.stream(ids, lengths, budget=Budget(positions, kept)))
    ends = [0, *(part.end for part, _ in parts)]
    assert [part.start for part, _ in parts] == ends[:-1]
    if model.head_config.by_position:
        torch.testing.assert_close(torch.cat([out.logits for _, out in parts], dim=1), whole, **CLOSE)
        assert ends[-1] == 31 // (model.head_config.bin_bp or 1)
    else:
        torch.testing.assert_close(parts[0][1].logits, whole, **CLOSE)
        assert ends == [0, 31]


@pytest.mark.parametrize("fields", [*POOLED, *ALONG], ids=str)
def test_without_gradients_no_more_than_a_part_is_computed_at_a_time(
    fields: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, ids, widths = task_model(fields), bases(1, 64), list[int]()
    whole = model(ids).logits.detach()
    monkeypatch.setitem(BUDGETS, "cpu", DeviceBudget(32, 0))
    model.encoder.norm.register_forward_hook(lambda _, __, out: widths.append(out.shape[0] * out.shape[1]))
    with torch.no_grad():
        torch.testing.assert_close(model(ids).logits, whole, **CLOSE)
    assert max(widths) <= 32


@pytest.mark.parametrize("fields", [*POOLED, *ALONG], ids=str)
def test_every_weight_learns_and_pads_teach_nothing(fields: dict[str, object]) -> None:
    model, ids = task_model(fields).train(), bases(2, 24)
    for lengths, rows in ((torch.tensor([24, 8]), ids), (None, ids[1:, :8])):
        model.zero_grad()
        logits = model(rows, lengths).logits[-1]
        logits.square().sum().backward()
        gradients = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
        if lengths is not None:
            padded = gradients
    assert padded.keys() == {name for name, _ in model.named_parameters()}
    for name, gradient in gradients.items():
        torch.testing.assert_close(padded[name], gradient, rtol=1e-4, atol=1e-4)
        assert gradient.any(), name


def test_poolings_by_hand() -> None:
    ids, lengths = bases(2, 10), torch.tensor([10, 7])
    for mode in ("none", "post-hoc"):
        model = task_model(POOLED[2], mode)
        strands = [hidden.detach() for hidden in model.strands(ids, lengths).read]
        for pooling in ("mean", "max", "center", "attention"):
            model.head_config = model.head_config.model_copy(update={"pooling": pooling})
            features = model.features(ids, lengths)
            for row, length in enumerate(lengths.tolist()):
                per_strand = []
                for hidden in strands:
                    h_LC = hidden[row, :length]
                    weights_L = torch.softmax(h_LC @ model.query / h_LC.shape[1] ** 0.5, dim=0)
                    per_strand.append({
                        "mean": h_LC.mean(0),
                        "max": h_LC.amax(0),
                        "center": h_LC[(length - 1) // 2 : length // 2 + 1].mean(0),
                        "attention": (weights_L[:, None] * h_LC).sum(0),
                    }[pooling])  # fmt: skip
                torch.testing.assert_close(features[row], sum(per_strand) / len(per_strand), **CLOSE)


@pytest.mark.parametrize("fields", [VARIANT, VARIANT | {"hidden": 6, "pooling": "center"}, EFFECT], ids=str)
@pytest.mark.parametrize("mode", JOINING)
def test_pairs_are_symmetric_in_strands_and_alone_among_others(
    mode: ReverseComplement, fields: dict[str, object]
) -> None:
    model, ref, alt = task_model(fields, mode), bases(2, 21), bases(2, 23, seed=1)
    lengths = torch.tensor([21, 15]), torch.tensor([17, 23])
    both = model.forward_pair(ref, alt, *lengths).logits
    other = model.forward_pair(
        other_strand(model, ref, lengths[0]), other_strand(model, alt, lengths[1]), *lengths
    ).logits
    torch.testing.assert_close(both, other, **CLOSE)
    for row in range(2):
        n_ref, n_alt = (int(length[row]) for length in lengths)
        alone = model.forward_pair(ref[row : row + 1, :n_ref], alt[row : row + 1, :n_alt])
        torch.testing.assert_close(both[row], alone.logits[0], **CLOSE)


@pytest.mark.parametrize("hidden", [None, 6])
def test_an_antisymmetric_effect_changes_its_sign(hidden: int | None) -> None:
    ref, alt = bases(2, 21), bases(2, 21, seed=1)
    model = task_model(EFFECT | {"antisymmetric": True, "hidden": hidden})
    effect, turned = model.forward_pair(ref, alt).logits, model.forward_pair(alt, ref).logits
    torch.testing.assert_close(effect, -turned, **CLOSE)
    assert effect.abs().min() > 1e-4 and not model.forward_pair(ref, ref).logits.any()
    plain = task_model(EFFECT | {"hidden": hidden})
    assert (plain.forward_pair(ref, alt).logits + plain.forward_pair(alt, ref).logits).abs().max() > 1e-3


def features_of(model: TaskModel, n: int) -> np.ndarray:
    with torch.no_grad():
        return model.features(bases(n, 30, seed=5)).numpy()


@pytest.mark.parametrize("strands", ["joined", "given"])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("kind", [LogisticRegression, LinearSVC])
def test_a_linear_head_is_scikit_learns_decision_function(kind: type, n_classes: int, strands: str) -> None:
    names = tuple("abc"[:n_classes])
    model = task_model({"task": "classification", "outputs": names, "strands": strands})
    x, y = features_of(model, 40), np.random.default_rng(0).integers(0, n_classes, 40)
    scaler = StandardScaler().fit(x)
    fitted = kind().fit(scaler.transform(x), y)
    model.set_linear(
        fitted.coef_, fitted.intercept_, feature_means=scaler.mean_, feature_scales=scaler.scale_
    )
    with torch.no_grad():
        logits = model(bases(40, 30, seed=5)).logits
    decided = fitted.decision_function(scaler.transform(x))
    found = (logits[:, 1] - logits[:, 0] if n_classes == 2 else logits).numpy()
    np.testing.assert_allclose(found, decided, rtol=1e-4, atol=1e-4)
    if kind is LogisticRegression:
        probabilities = model.answers(logits).numpy()
        np.testing.assert_allclose(probabilities, fitted.predict_proba(scaler.transform(x)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("n_targets", [1, 2])
def test_a_linear_head_is_scikit_learns_regression(n_targets: int) -> None:
    names = tuple("xy"[:n_targets])
    units = {"target_means": (100.0, -5.0)[:n_targets], "target_scales": (20.0, 0.1)[:n_targets]}
    model = task_model({"task": "regression", "outputs": names, **units})
    x, y = features_of(model, 30), np.random.default_rng(0).normal(100, 20, (30, n_targets))
    fitted = Ridge().fit(x, y)
    model.set_linear(fitted.coef_, fitted.intercept_)
    with torch.no_grad():
        found = model.answers(model(bases(30, 30, seed=5)).logits).numpy()
    np.testing.assert_allclose(found, fitted.predict(x).reshape(30, n_targets), rtol=1e-5, atol=1e-4)


def test_linear_models_that_do_not_fit_are_refused() -> None:
    model = task_model(POOLED[0])
    with pytest.raises(ValueError, match="coefficients"):
        model.set_linear(np.zeros((1, model.n_features + 1)))
    with pytest.raises(ValueError, match="hidden"):
        task_model(POOLED[1]).set_linear(np.zeros((3, 5)))


def test_answers_by_hand() -> None:
    logits = torch.tensor([[0.5, -2.0], [30.0, 3.0]])
    first, labels, values = (task_model(POOLED[i]).answers(logits) for i in (0, 2, 3))
    torch.testing.assert_close(first, logits.exp() / logits.exp().sum(1, keepdim=True))
    torch.testing.assert_close(labels, 1 / (1 + (-logits).exp()))
    torch.testing.assert_close(values, torch.tensor([[4.0, -2.0], [63.0, 0.5]]))
    counts = task_model(ALONG[3]).answers(logits[:, :1])
    torch.testing.assert_close(counts, 7 * (1 + logits[:, :1].exp()).log())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_an_encoder_is_taken_over_as_it_is(dtype: torch.dtype) -> None:
    language = small_model("post-hoc").to(dtype)
    model = TaskModel.on(language, HeadConfig.model_validate(POOLED[2]))
    assert model.encoder is language.encoder and not model.training
    assert {p.dtype for p in model.parameters()} == {dtype} and {p.device.type for p in model.parameters()} == {"cpu"}
    with torch.no_grad():
        mean = language(bases(2, 12)).hidden.mean(1)
        torch.testing.assert_close(model.features(bases(2, 12)), mean)  # attention begins as the mean
        again = TaskModel.on(model, HeadConfig.model_validate(POOLED[0]))
    assert again.encoder is language.encoder


def test_a_narrow_encoder_leaves_the_head_as_it_is() -> None:
    model, ids = task_model(ALONG[0]), bases(2, 40)
    narrow = in_precision(model, "bfloat16")
    assert narrow.dtype == torch.bfloat16 and {p.dtype for p in narrow.head.parameters()} == {torch.float32}
    with torch.no_grad():
        exact, found = model(ids).logits, narrow(ids).logits
        with torch.autocast("cpu", dtype=torch.bfloat16):
            cast = model(ids).logits
    assert found.dtype == cast.dtype == torch.float32
    for rounded in (found, cast):
        assert 0 < (rounded - exact).abs().max() < 0.2 * exact.abs().max()


def test_heads_along_the_sequence_need_single_bases() -> None:
    tokenizer = BPETokenizer.train(["ACGTACGTACGTTTTT" * 4], vocab_size=16).to_config()
    language = MaskedLanguageModel(preset("tiny", tokenizer, reverse_complement="none", d_model=16, n_layer=1))
    with pytest.raises(InputError, match="no token for a single base"):
        TaskModel.on(language, HeadConfig.model_validate(ALONG[1]))
    assert TaskModel.on(language, HeadConfig.model_validate(POOLED[0])).n_features == 16
