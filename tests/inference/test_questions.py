"""Questions asked once, in batches of one kind and like lengths, and answered as each alone."""

import numpy as np
import pytest
import torch

from dna_mamba.alphabet import encode_bases
from dna_mamba.errors import InputError
from dna_mamba.inference import questions as questions_module
from dna_mamba.inference.likelihood import masked_log_probabilities
from dna_mamba.inference.questions import WholeWindow, ask
from dna_mamba.sequences.windows import MaskedSite
from tests.worlds import MODES, random_sequence, small_model


def codes(length, seed=0):
    return encode_bases(random_sequence(length, seed)).tobytes()


def mixed():
    """Masked sites and whole windows of several lengths, some of them twice."""
    sites = [MaskedSite(codes(n, n), n // 2) for n in (9, 30, 30, 17)] + [MaskedSite(codes(30, 30), 4)]
    windows = [WholeWindow(codes(n, n)) for n in (30, 9, 17, 5, 9)]
    return [*sites, *windows]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("batch_size", [1, 2, 50])
def test_answers_are_those_of_each_alone(mode, batch_size):
    model = small_model(mode)
    answers = ask(model, mixed(), batch_size)
    assert set(answers.sites) | set(answers.windows) == set(mixed())
    for site, log_p in answers.sites.items():
        np.testing.assert_allclose(log_p, masked_log_probabilities(model, [site])[0], atol=1e-5)
    for window, (log_p_L4, hidden_LC) in answers.windows.items():
        ids = model.tokenizer.encode_codes(np.frombuffer(window.codes, dtype=np.uint8))
        with torch.no_grad():
            output = model.both_strands(torch.from_numpy(ids)[None])
        expected = torch.log_softmax(output.logits[0, :, 7:11], -1)
        assert log_p_L4.dtype == hidden_LC.dtype == np.float32
        assert log_p_L4.shape == (len(window.codes), 4) and len(hidden_LC) == len(window.codes)
        np.testing.assert_allclose(log_p_L4, expected, atol=1e-5)
        np.testing.assert_allclose(hidden_LC, output.hidden[0], atol=1e-5)


def test_equal_questions_are_asked_once_and_batches_hold_like_lengths(monkeypatch):
    model, asked = small_model(), []
    inner = questions_module.masked_log_probabilities
    monkeypatch.setattr(
        questions_module,
        "masked_log_probabilities",
        lambda model, sites: asked.append(sites) or inner(model, sites),
    )
    sites = [MaskedSite(codes(n, seed), offset) for seed in range(3) for n in (40, 8) for offset in (5, 1)]
    ask(model, [*sites, *sites], 4)
    assert [[len(site.codes) for site in batch] for batch in asked] == [[8] * 4, [8] * 2 + [40] * 2, [40] * 4]
    # Within a length by their bases: a set's own order differs from one process to the next.
    assert [s for batch in asked for s in batch] == sorted(sites, key=lambda s: (len(s.codes), s.codes, s.offset))


def test_the_order_of_questions_makes_no_difference():
    """To the last bit: batches are the same."""
    model = small_model()
    one, other = ask(model, mixed(), 2), ask(model, mixed()[::-1], 2)
    for question in mixed():
        if isinstance(question, MaskedSite):
            np.testing.assert_array_equal(one.sites[question], other.sites[question])
        else:
            np.testing.assert_array_equal(one.windows[question].log_p_L4, other.windows[question].log_p_L4)


def test_no_questions_no_passes(monkeypatch):
    model = small_model()
    monkeypatch.setattr(model, "both_strands", lambda *_: pytest.fail("the model ran"))
    assert ask(model, [], 4) == ({}, {}, {})


def test_damaged_weights():
    model = small_model()
    with torch.no_grad():
        model.encoder.norm.weight[0] = float("inf")
    with pytest.raises(InputError, match="not finite"):
        ask(model, [WholeWindow(codes(9))], 1)
