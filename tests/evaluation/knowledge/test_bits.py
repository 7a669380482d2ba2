"""Samples of kinds, and means over them that are known beforehand."""

import math

import numpy as np
import pytest

from dna_mamba.evaluation.knowledge.bits import MODEL, KindSample, bits_by_kind, sample_kinds
from dna_mamba.evaluation.knowledge.kinds import EVERYTHING
from dna_mamba.evaluation.knowledge.sites import Answered
from tests.evaluation.knowledge.conftest import Planned


def test_samples_hold_their_kind_alone(planned: Planned) -> None:
    held = planned.plan.held
    offset = held.chart.offset("chr1")
    for sample in planned.plan.kinds:
        mask = held.painted["chr1"].mask(sample.kind)
        assert sample.n_bases == mask.sum() and mask[sample.sites - offset].all()
        assert len(np.unique(sample.sites)) == len(sample.sites) >= min(100, sample.n_bases)
    assert {sample.kind for sample in planned.plan.kinds} >= {EVERYTHING, "intron", "tRNA", "repeat", "intergenic"}


def test_a_large_enough_sample_is_every_base(planned: Planned) -> None:
    held = planned.plan.held
    for sample in sample_kinds(held.painted, held.places, held.chart, 10**6, 0):
        assert len(sample.sites) == sample.n_bases
    again, other = (sample_kinds(held.painted, held.places, held.chart, 30, seed) for seed in (0, 1))
    assert again[0].sites.tolist() == sample_kinds(held.painted, held.places, held.chart, 30, 0)[0].sites.tolist()
    assert again[0].sites.tolist() != other[0].sites.tolist()


def test_bits_are_surprise_in_bits() -> None:
    sites = np.arange(0, 400, 4)
    bases = (np.arange(100) % 2).astype(np.uint8)
    sure = np.tile(np.log([0.5, 0.125, 0.25, 0.125]), (100, 1)).astype(np.float32)
    flat = np.full((100, 4), math.log(0.25), dtype=np.float32)
    answered = Answered(sites, bases, {MODEL: sure, "flat": flat, "worse": flat - 1})
    (row,) = bits_by_kind(
        [KindSample("x", 500, sites)], answered, ["flat", "worse"], block_bp=12, n_resamples=100, seed=0
    )
    assert (row.n_bases, row.n_sites) == (500, 100)
    assert row.model.value == pytest.approx((1 + 3) / 2) and row.baselines["flat"].value == pytest.approx(2)
    assert row.ahead.value == pytest.approx(0, abs=1e-6) and row.model.low < 2 < row.model.high
    with pytest.raises(AssertionError, match="was not asked"):
        answered.rows(np.array([1]))
