import numpy as np
import pytest
import torch

from dna_mamba.explain.explained import AlleleIndex, HeadAnswer, scores_of_logits
from tests.explain.worlds import task_model
from tests.worlds import random_sequence


def ids_of(model, *sequences):
    return torch.stack([torch.from_numpy(model.tokenizer.encode(sequence)) for sequence in sequences])


def test_classes_are_explained_by_their_log_odds():
    model = task_model()
    logits_BK = torch.randn(5, 3, dtype=torch.float64)
    p_BK = model.answers(logits_BK)
    torch.testing.assert_close(scores_of_logits(model, logits_BK), torch.log(p_BK) - torch.log(1 - p_BK))
    torch.testing.assert_close(scores_of_logits(model, logits_BK + 7), scores_of_logits(model, logits_BK))


def test_labels_by_their_logits_and_values_in_units_of_the_data():
    logits_BK = torch.randn(5, 3, dtype=torch.float64)
    assert torch.equal(scores_of_logits(task_model(task="multilabel"), logits_BK), logits_BK)
    scaled = task_model(task="regression", target_means=(1, 2, 3), target_scales=(2, 2, 2))
    expected = logits_BK * 2 + torch.tensor([1, 2, 3])
    torch.testing.assert_close(scores_of_logits(scaled, logits_BK), expected)


@pytest.mark.parametrize("at", [None, 0, 3, 9])
def test_a_head_along_the_sequence_is_asked_at_one_position(at):
    model = task_model(task="bases")
    ids_BL = ids_of(model, random_sequence(11), random_sequence(11, 1))
    ids_BL[1, 10] = model.tokenizer.pad_id
    lengths_B = torch.tensor([11, 10])
    found = HeadAnswer(model, at).all_outputs(ids_BL, lengths_B)
    rows = [5, 5] if at is None else [at, at]
    logits_BLK = model(ids_BL, lengths_B).logits
    torch.testing.assert_close(found, scores_of_logits(model, logits_BLK[[0, 1], rows]))


def test_a_position_past_the_last_whole_bin_gets_the_last_bin():
    model = task_model(task="tracks", bin_bp=4)
    ids_BL = ids_of(model, random_sequence(11))
    (found,) = HeadAnswer(model, 7).all_outputs(ids_BL, None)
    torch.testing.assert_close(found, scores_of_logits(model, model(ids_BL).logits[0, 1]))
    (short,) = HeadAnswer(model).all_outputs(ids_BL[:, :7], None)
    torch.testing.assert_close(short, scores_of_logits(model, model(ids_BL[:, :7]).logits[0, 0]))


def test_windows_of_either_allele():
    alleles = AlleleIndex(2, 1, 3, 2)
    tokens = torch.tensor([[1, 2, 3, 4, 5, 6, 7, 8]])
    unknown = torch.tensor(0)
    assert alleles.window(tokens, 0, unknown).tolist() == [[1, 2, 3, 7, 8]]
    assert alleles.window(tokens, 1, unknown).tolist() == [[1, 2, 4, 5, 6, 7, 8]]
    assert alleles._replace(pads=(1, 2)).window(tokens, 0, unknown).tolist() == [[0, 1, 2, 3, 7, 8, 0, 0]]
    np.testing.assert_array_equal(alleles.window(tokens[..., None].double(), 1, torch.zeros(1))[0, :, 0][:3], [1, 2, 4])
