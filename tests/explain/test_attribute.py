"""What is exact: completeness, both strands, pads, finite differences; in float64."""

import numpy as np
import pytest
import torch

from dna_mamba.alphabet import reverse_complement
from dna_mamba.errors import InputError, MachineError
from dna_mamba.explain import ExplainedSequences, Explaining
from dna_mamba.explain.attribute import attribute
from dna_mamba.explain.explained import HeadAnswer
from dna_mamba.explain.items import METHODS
from tests.explain.worlds import records, task_model
from tests.worlds import random_sequence

SEQUENCES = [random_sequence(31), random_sequence(12, 1), random_sequence(25, 2), "ACGTNNRACGGT"]


def explained(model, sequences, how, **options):
    return attribute(model, list(ExplainedSequences(records(*sequences), model, **options).items()), how)


@pytest.mark.parametrize(
    ("mode", "pooling", "baseline"),
    [
        ("none", "mean", "unknown"),
        ("augment", "mean", "uniform"),
        ("post-hoc", "attention", "mask"),
        ("shared", "center", "unknown"),
    ],
)
def test_integrated_gradients_add_up_to_the_score_less_the_baseline_s(mode, pooling, baseline):
    model = task_model(mode, pooling=pooling)
    found = explained(model, SEQUENCES, Explaining("integrated-gradients", baseline, 32), target="b")
    assert max(abs(one.score - one.baseline_score) for one in found) > 0.05
    np.testing.assert_allclose([one.gap for one in found], 0, atol=5e-6)


@pytest.mark.parametrize("head", [{"task": "bases"}, {"task": "tracks", "bin_bp": 5, "counts": True}])
def test_heads_along_the_sequence_too(head):
    for one in explained(task_model(**head), SEQUENCES, Explaining(), target="b"):
        np.testing.assert_allclose(one.gap, 0, atol=2e-6)


@pytest.mark.parametrize(
    ("mode", "method"), [("post-hoc", "integrated-gradients"), ("shared", "input-x-gradient"), ("shared", "ism")]
)
def test_the_other_strand_has_the_mirror_image(mode, method):
    model = task_model(mode)
    how = Explaining(method, n_steps=4)
    there = explained(model, SEQUENCES, how, target="a")
    back = explained(model, [reverse_complement(sequence) for sequence in SEQUENCES], how, target="a")
    for one, other in zip(there, back, strict=True):
        mirrored = other.values_L5[::-1]
        np.testing.assert_allclose(one.values_L5[:, 0], mirrored[:, 0], atol=1e-7)
        np.testing.assert_allclose(one.values_L5[:, 1:], mirrored[:, :0:-1], atol=1e-7)
        assert np.abs(one.values_L5[:, 0]).max() > 1e-3


@pytest.mark.parametrize("method", METHODS)
def test_batch_mates_change_nothing(method):
    model = task_model("shared")
    together = explained(model, SEQUENCES, Explaining(method, n_steps=3))
    small = explained(model, SEQUENCES, Explaining(method, n_steps=3, positions=1))
    for number, sequence in enumerate(SEQUENCES):
        (alone,) = explained(model, [sequence], Explaining(method, n_steps=3))
        for one in (together[number], small[number]):
            assert one.output == alone.output
            np.testing.assert_allclose(one.values_L5, alone.values_L5, atol=1e-7)
            np.testing.assert_allclose([one.score], [alone.score], atol=1e-9)


def test_input_x_gradient_is_finite_differences_from_the_mean_of_the_bases():
    model = task_model("post-hoc")
    (found,) = explained(model, SEQUENCES[1:2], Explaining("input-x-gradient"), target="c")
    ids_L = torch.from_numpy(model.tokenizer.encode(SEQUENCES[1]))
    tokens_LV = torch.nn.functional.one_hot(ids_L, 16).double()

    def score(tokens):
        with torch.no_grad():
            return float(HeadAnswer(model).all_outputs(tokens[None], None)[0, 2])

    for position in range(len(ids_L)):
        slopes = []
        for token in (7, 8, 9, 10):
            step_LV = torch.zeros_like(tokens_LV)
            step_LV[position, token] = 1e-5
            slopes.append((score(tokens_LV + step_LV) - score(tokens_LV - step_LV)) / 2e-5)
        centred = np.array(slopes) - np.mean(slopes)
        np.testing.assert_allclose(found.values_L5[position, 1:], centred, atol=1e-7)
        own = "ACGT".index(SEQUENCES[1][position])
        np.testing.assert_allclose(found.values_L5[position, 0], centred[own], atol=1e-7)


@pytest.mark.parametrize("method", METHODS)
def test_letters_other_than_bases_count_nothing(method):
    (found,) = explained(task_model(), SEQUENCES[3:], Explaining(method))
    np.testing.assert_array_equal(found.values_L5[4:7], 0)
    assert (found.values_L5[[0, 1, 2, 3, 7, 8]] != 0).any(axis=1).all()


def test_mutants_count_against_the_mean_of_the_bases():
    (found,) = explained(task_model(), SEQUENCES[:1], Explaining("ism"))
    np.testing.assert_allclose(found.values_L5[:, 1:].sum(axis=1), 0, atol=1e-6)
    codes = ["ACGT".index(letter) for letter in SEQUENCES[0]]
    np.testing.assert_array_equal(found.values_L5[:, 0], found.values_L5[np.arange(31), np.array(codes) + 1])


def test_the_predicted_class_is_explained_unless_another_is_named():
    model = task_model()
    for one, sequence in zip(explained(model, SEQUENCES, Explaining("ism")), SEQUENCES, strict=True):
        logits = model(torch.from_numpy(model.tokenizer.encode(sequence))[None]).logits
        assert one.output == int(logits.argmax())
    assert {one.output for one in explained(model, SEQUENCES, Explaining("ism"), target="c")} == {2}


def test_what_holds_no_base_has_no_explanation():
    empty, other = explained(task_model(), ["", "ACGT"], Explaining())
    assert (empty.item.status, empty.output, len(empty.values_L5)) == ("EMPTY", -1, 0)
    assert other.item.status == "OK"


def test_damaged_weights_are_named():
    model = task_model()
    with torch.no_grad():
        model.head.final.weight[:] = torch.nan
    with pytest.raises(InputError, match="s0: the model's answers are not finite"):
        explained(model, SEQUENCES[:1], Explaining(), target="a")


def test_a_sequence_that_does_not_fit_is_refused(monkeypatch):
    monkeypatch.setattr("dna_mamba.models.memory.available_memory", lambda: 2**20)
    with pytest.raises(MachineError, match=r"s0, 31 bp: about .* are needed"):
        explained(task_model(), SEQUENCES[:1], Explaining())


def test_layers_that_are_computed_again_change_nothing(monkeypatch):
    model = task_model("shared")
    kept = explained(model, SEQUENCES[:1], Explaining())
    monkeypatch.setattr("dna_mamba.explain.attribute._MOST_POSITIONS", 5)
    again = explained(model, SEQUENCES[:1], Explaining(positions=64))
    np.testing.assert_allclose(again[0].values_L5, kept[0].values_L5, atol=1e-9)
