"""Other tools of attribution run our models as they run any: here tangermeme, where it is installed."""

import numpy as np
import pytest
import torch

from dna_mamba.explain import ExplainedSequences, Explaining, OneHotModel
from dna_mamba.explain.attribute import attribute
from dna_mamba.explain.explained import HeadAnswer
from tests.explain.worlds import records, task_model
from tests.worlds import random_sequence

SEQUENCES = [random_sequence(14, seed) for seed in range(3)]


def one_hot(*sequences):
    """(B, 4, L) as tangermeme encodes sequences: N is a column of zeros."""
    rows = [[[float(letter == base) for letter in sequence] for base in "ACGT"] for sequence in sequences]
    return torch.tensor(rows)


def ids_of(model, *sequences):
    return torch.stack([torch.from_numpy(model.tokenizer.encode(sequence)) for sequence in sequences])


@pytest.mark.parametrize("head", [{}, {"task": "bases"}])
def test_its_answers_are_the_scores_that_are_explained(head):
    model = task_model("shared", **head)
    sequences = ["ACGTNNGTTACA", "GGGTCANTTACA"]
    expected = HeadAnswer(model).all_outputs(ids_of(model, *sequences), None)
    torch.testing.assert_close(OneHotModel(model)(one_hot(*sequences)), expected)


def test_gradients_reach_the_one_hot_input():
    model = task_model()
    x_B4L = one_hot(*SEQUENCES).double().requires_grad_()
    (gradient,) = torch.autograd.grad(OneHotModel(model)(x_B4L)[:, 1].sum(), x_B4L)
    centred = gradient - gradient.mean(1, keepdim=True)
    source = ExplainedSequences(records(*SEQUENCES), model, target="b")
    ours = [one.values_L5[:, 1:].T for one in attribute(model, list(source.items()), Explaining("input-x-gradient"))]
    np.testing.assert_allclose(centred, np.stack(ours), atol=1e-6)


def test_tangermeme_predicts_and_mutates():
    predict = pytest.importorskip("tangermeme.predict").predict
    saturation_mutagenesis = pytest.importorskip("tangermeme.saturation_mutagenesis").saturation_mutagenesis
    model = task_model().float()
    wrapped = OneHotModel(model)
    x_B4L = one_hot(*SEQUENCES)
    expected = HeadAnswer(model).all_outputs(ids_of(model, *SEQUENCES), None).detach()
    torch.testing.assert_close(predict(wrapped, x_B4L, device="cpu", batch_size=2), expected, atol=1e-5, rtol=0)
    before, mutated = saturation_mutagenesis(wrapped, x_B4L, device="cpu", batch_size=2, raw_outputs=True)
    torch.testing.assert_close(before, expected, atol=1e-5, rtol=0)
    source = ExplainedSequences(records(*SEQUENCES), model, target="b")
    for number, one in enumerate(attribute(model, list(source.items()), Explaining("ism"))):
        effects = (mutated[number, ..., 1] - before[number, 1]).numpy()
        centred = effects - effects.mean(axis=0)
        np.testing.assert_allclose(centred.T, one.values_L5[:, 1:], atol=1e-5)
