import numpy as np
import pytest
import torch

from dna_mamba.alphabet import encode_bases
from dna_mamba.errors import InputError
from dna_mamba.explain.soft import base_columns, baseline_tokens, frozen, one_hot, with_token
from tests.worlds import small_model

CODES = encode_bases("ACGNT")


def test_a_baseline_holds_a_quarter_of_each_base_and_leaves_n_alone():
    tokens_LV = baseline_tokens(small_model(), CODES, "uniform")
    expected_L4 = np.full((5, 4), 0.25)
    expected_L4[3] = 0
    np.testing.assert_array_equal(tokens_LV[:, [7, 8, 9, 10]], expected_L4)
    assert tokens_LV[3, 11] == 1
    assert tokens_LV.sum() == 5


def test_an_unknown_baseline_is_n_everywhere():
    tokens_LV = baseline_tokens(small_model(), CODES, "unknown")
    np.testing.assert_array_equal(tokens_LV[:, 11], np.ones(5))
    assert tokens_LV.sum() == 5


def test_a_masked_baseline_hides_every_base():
    tokens_LV = baseline_tokens(small_model(), CODES, "mask")
    assert tokens_LV[:, 3].tolist() == [1, 1, 1, 0, 1]
    assert tokens_LV[3, 11] == 1


def test_a_token_is_put_into_ids_and_into_soft_tokens_alike():
    model = small_model()
    ids_BL = torch.from_numpy(model.tokenizer.encode("ACGT"))[None]
    changed = with_token(ids_BL, 2, model.tokenizer.mask_id)
    assert changed.tolist() == [[7, 8, 3, 10]]
    assert ids_BL.tolist() == [[7, 8, 9, 10]]
    assert torch.equal(with_token(one_hot(model, ids_BL), 2, 3), one_hot(model, changed))


def test_weights_get_no_gradients_and_are_as_they_were_afterwards():
    model = small_model()
    model.encoder.norm.weight.requires_grad_(False)
    before = {name: parameter.requires_grad for name, parameter in model.named_parameters()}
    with pytest.raises(RuntimeError, match="stop"), frozen(model, recompute=True):
        assert not any(parameter.requires_grad for parameter in model.parameters())
        assert model.encoder.recompute
        raise RuntimeError("stop")
    assert {name: parameter.requires_grad for name, parameter in model.named_parameters()} == before
    assert not model.encoder.recompute


def test_tokens_that_are_not_bases_are_refused():
    with pytest.raises(InputError, match="no token for a single base"):
        base_columns(small_model("none", {"kind": "kmer", "k": 3, "stride": 1}))
