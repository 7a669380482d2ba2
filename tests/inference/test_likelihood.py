import numpy as np
import pytest
import torch

from dna_mamba.alphabet import encode_bases
from dna_mamba.errors import InputError
from dna_mamba.genome import Variant
from dna_mamba.inference.likelihood import base_ids, base_log_probabilities, masked_log_probabilities
from dna_mamba.models.streaming import BUDGETS, DeviceBudget
from dna_mamba.sequences.windows import MaskedSite
from tests.worlds import MODES, llr_by_hand, random_sequence, small_model


def window(sequence, offset):
    return MaskedSite(encode_bases(sequence).tobytes(), offset)


@pytest.mark.parametrize("mode", MODES)
def test_against_both_strands_by_hand(mode):
    model, sequence = small_model(mode), random_sequence(31)
    (log_p,) = masked_log_probabilities(model, [window(sequence, 15)])
    for alt in "ACGT":
        expected = llr_by_hand(model, sequence, Variant("c", 16, sequence[15], alt))
        assert log_p["ACGT".index(alt)] - log_p["ACGT".index(sequence[15])] == pytest.approx(expected, abs=1e-5)
    assert np.exp(log_p).sum() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("mode", MODES)
def test_the_site_itself_is_not_seen(mode):
    model, sequence = small_model(mode), random_sequence(31)
    changed = [window(sequence[:15] + base + sequence[16:], 15) for base in "ACGTN"]
    rows = masked_log_probabilities(model, changed)
    np.testing.assert_allclose(rows, np.repeat(rows[:1], 5, axis=0), atol=1e-6)
    neighbour = window(sequence[:14] + "ACGT".replace(sequence[14], "")[0] + sequence[15:], 15)
    assert np.abs(masked_log_probabilities(model, [neighbour]) - rows[:1]).max() > 1e-3


def test_windows_of_unequal_lengths_do_not_disturb_each_other():
    model, sequence = small_model(), random_sequence(64)
    windows = [window(sequence[:n], n // 3) for n in (64, 1, 17, 40)]
    together = masked_log_probabilities(model, windows)
    alone = [masked_log_probabilities(model, [w])[0] for w in windows]
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_windows_longer_than_a_part(monkeypatch):
    model, sequence = small_model(), random_sequence(64)
    windows = [window(sequence[:n], offset) for n, offset in ((64, 63), (64, 0), (50, 17))]
    expected = masked_log_probabilities(model, windows)
    monkeypatch.setitem(BUDGETS, "cpu", DeviceBudget(16, 0))
    np.testing.assert_allclose(masked_log_probabilities(model, windows), expected, atol=1e-5)


def test_a_model_in_training_mode_scores_the_same():
    model = small_model("post-hoc")
    windows = [window(random_sequence(31), 15)]
    expected = masked_log_probabilities(model, windows)
    np.testing.assert_array_equal(masked_log_probabilities(model.train(), windows), expected)


def test_damaged_weights():
    model = small_model()
    with torch.no_grad():
        model.encoder.norm.weight[0] = float("nan")
    with pytest.raises(InputError, match="not finite"):
        masked_log_probabilities(model, [window("ACGTA", 2)])


@pytest.mark.parametrize(("length", "is_streamed"), [(31, False), (32, True)])
def test_a_window_as_long_as_a_part_is_read_whole(monkeypatch, length, is_streamed):
    model, ways = small_model(), []
    for way in ("stream", "site_logits"):
        inner = getattr(model, way)
        monkeypatch.setattr(
            model, way, lambda *given, way=way, inner=inner, **how: ways.append(way) or inner(*given, **how)
        )
    sites = [window(random_sequence(n), n - 1) for n in (5, length, 9)]
    expected = masked_log_probabilities(model, sites)
    assert set(ways) == {"site_logits"}
    ways.clear()
    monkeypatch.setitem(BUDGETS, "cpu", DeviceBudget(31, 0))
    np.testing.assert_allclose(masked_log_probabilities(model, sites), expected, atol=1e-5)
    assert ways == (["stream"] * 3 if is_streamed else ["site_logits"])


def test_only_models_on_single_bases_have_base_ids():
    assert base_ids(small_model().tokenizer).tolist() == [7, 8, 9, 10]
    with pytest.raises(InputError, match="'kmer' has no token for a single base; use a model on nucleotide tokens"):
        base_ids(small_model("none", {"kind": "kmer", "k": 3, "stride": 3}).tokenizer)


def test_probabilities_are_among_the_four_bases_alone():
    model = small_model()
    logits = torch.full((2, model.tokenizer.vocab_size), 50.0)
    logits[:, 7:11] = torch.tensor([0.0, 1.0, 2.0, 3.0])
    expected = torch.tensor([0.0, 1.0, 2.0, 3.0]) - torch.tensor([0.0, 1.0, 2.0, 3.0]).exp().sum().log()
    torch.testing.assert_close(base_log_probabilities(model, logits), expected.expand(2, 4))
