"""Encoders read weights of tokens where they read ids, and gradients reach them."""

import pytest
import torch
from torch.nn import functional as F

from dna_mamba.checkpoints import load_model
from dna_mamba.models import HeadConfig, TaskModel
from tests.worlds import MODES, random_sequence, small_model

SEQUENCES = [random_sequence(23, seed) for seed in range(3)]
LENGTHS = torch.tensor([23, 9, 17])


def ids_of(model):
    ids_BL = torch.stack([torch.from_numpy(model.tokenizer.encode(sequence)) for sequence in SEQUENCES])
    return torch.where(torch.arange(23) < LENGTHS[:, None], ids_BL, model.tokenizer.pad_id)


def soft(model, ids_BL):
    return F.one_hot(ids_BL, model.tokenizer.vocab_size).to(model.dtype)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("streamed", [True, False])
def test_one_hot_tokens_are_their_ids(mode, streamed):
    model = small_model(mode)
    ids_BL = ids_of(model)
    with torch.set_grad_enabled(not streamed):
        expected, found = model(ids_BL, LENGTHS), model(soft(model, ids_BL), LENGTHS)
    torch.testing.assert_close(found.logits, expected.logits, rtol=0, atol=0)
    torch.testing.assert_close(found.hidden, expected.hidden, rtol=0, atol=0)


@pytest.mark.parametrize("task", ["classification", "bases"])
def test_heads_read_them_too(task):
    model = TaskModel.on(small_model("post-hoc"), HeadConfig(task=task, outputs=("a", "b")))
    ids_BL = ids_of(model)
    torch.testing.assert_close(
        model(soft(model, ids_BL), LENGTHS).logits, model(ids_BL, LENGTHS).logits, rtol=0, atol=0
    )


def test_half_of_two_tokens_is_the_mean_of_their_embeddings():
    model = small_model()
    tokens_1V = torch.zeros(1, 16)
    tokens_1V[0, [7, 9]] = 0.5
    expected = model.encoder.embedding.weight[[7, 9]].mean(0)
    torch.testing.assert_close(model.encoder.embed(tokens_1V[None])[0, 0], expected)


def test_inputs_that_are_complemented_in_the_encoder():
    model = load_model("yeast-tiny").float()
    model.encoder.register_buffer("input_V", model.complement_V, persistent=False)
    ids_BL = ids_of(model)
    torch.testing.assert_close(model.encoder.embed(soft(model, ids_BL)), model.encoder.embed(ids_BL), rtol=0, atol=0)


@pytest.mark.parametrize("mode", MODES)
def test_gradients_are_finite_differences_and_zero_at_pads(mode):
    model = small_model(mode).double()
    tokens_BLV = soft(model, ids_of(model)).requires_grad_()
    generator = torch.Generator().manual_seed(0)
    reads = torch.arange(23) < LENGTHS[:, None]

    def total(tokens):
        return (model(tokens, LENGTHS).logits.square().sum(-1) * reads).sum()

    (gradient_BLV,) = torch.autograd.grad(total(tokens_BLV), tokens_BLV)
    assert (gradient_BLV[~reads] == 0).all()
    direction_BLV = torch.randn(tokens_BLV.shape, dtype=torch.float64, generator=generator)
    with torch.no_grad():
        ahead, behind = total(tokens_BLV + 1e-5 * direction_BLV), total(tokens_BLV - 1e-5 * direction_BLV)
    torch.testing.assert_close((gradient_BLV * direction_BLV).sum(), (ahead - behind) / 2e-5, rtol=1e-7, atol=0)
