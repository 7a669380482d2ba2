"""Passes that share a window, and what they answer."""

import numpy as np
import pytest

from dna_mamba.errors import InputError
from dna_mamba.evaluation.knowledge.asking import SPACING_BP, model_log_p, plan_passes
from dna_mamba.evaluation.knowledge.sites import Chart
from dna_mamba.inference.likelihood import masked_log_probabilities
from dna_mamba.sequences.windows import MaskedSite
from tests.evaluation.knowledge.conftest import Planned
from tests.worlds import small_model


@pytest.mark.parametrize("context_bp", [1, 40, 64, 500])
def test_every_position_is_asked_once_and_apart(context_bp: int) -> None:
    positions = np.unique(np.random.default_rng(1).integers(0, 300, 120))
    passes = list(plan_passes("c", 300, positions, context_bp))
    assert sorted(p for one in passes for p in one.masked) == positions.tolist()
    for one in passes:
        assert one.end - one.start == min(300, context_bp) and 0 <= one.start <= one.masked[0]
        assert one.masked[-1] < one.end and (np.diff(one.masked) >= SPACING_BP).all()
        assert one.masked[-1] - one.masked[0] < max(1, context_bp // 2)


def test_a_lone_position_lies_in_the_middle() -> None:
    (one,) = plan_passes("c", 300, np.array([150]), 64)
    assert (one.start, one.end) == (118, 182)


def test_a_lone_position_is_answered_as_scoring_does(planned: Planned) -> None:
    chart, model = Chart.of(planned.genome.contigs), small_model()
    positions = np.array([3, 200, 700])
    sites = chart.offset("chr2") + positions
    told: list[int] = []
    answers = model_log_p(model, planned.genome, chart, sites, context_bp=64, advance=told.append)
    assert sum(told) == 3
    for position, answer in zip(positions.tolist(), answers, strict=True):
        start = max(0, position - 32)
        codes = planned.genome.codes("chr2", start, start + 64) & 7
        expected = masked_log_probabilities(model, [MaskedSite(codes.tobytes(), position - start)])
        np.testing.assert_allclose(answer, expected[0], atol=1e-5)


def test_answers_depend_on_neither_batches_nor_order(planned: Planned) -> None:
    chart = Chart.of(planned.genome.contigs)
    sites = np.sort(np.random.default_rng(0).choice(int(chart.starts[-1]), 60, replace=False))
    one, many = (
        model_log_p(small_model(), planned.genome, chart, sites, context_bp=64, batch_size=size) for size in (1, 7)
    )
    np.testing.assert_allclose(one, many, atol=1e-5)
    np.testing.assert_allclose(np.exp(one).sum(1), 1, atol=1e-5)


def test_a_model_on_longer_words_is_refused(planned: Planned) -> None:
    model = small_model("none", {"kind": "kmer", "k": 3})
    chart = Chart.of(planned.genome.contigs)
    with pytest.raises(InputError, match="has no token for a single base"):
        model_log_p(model, planned.genome, chart, np.array([5]), context_bp=64)
