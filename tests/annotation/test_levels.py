"""Agreement of genes, counted by hand."""

import math

import pytest

from dna_mamba.annotation.coding_parts import CodingTranscript
from dna_mamba.annotation.levels import Agreement, LevelTables, gt_ag_share
from tests.annotation.genes import codes_of

BASES = codes_of("C" * 20 + "GT" + "C" * 6 + "AG" + "C" * 70)
KNOWN = [
    CodingTranscript("c", "+", ((5, 20), (30, 45))),
    CodingTranscript("c", "+", ((5, 20), (31, 45))),
    CodingTranscript("c", "-", ((60, 90),)),
]
FOUND = [
    CodingTranscript("c", "+", ((5, 20), (30, 45))),
    CodingTranscript("c", "-", ((60, 81),)),
    CodingTranscript("c", "+", ((60, 90),)),
]


def test_levels() -> None:
    tables = LevelTables()
    tables.add(KNOWN, FOUND, BASES)
    report = tables.report({}, [])
    levels = report.levels
    assert levels["base"] == (60, 81, 51, 51)
    assert levels["exon"] == (4, 4, 2, 2)
    assert levels["intron"] == (2, 1, 1, 1) and levels["intron chain"] == (2, 1, 1, 1)
    assert levels["transcript"] == (3, 3, 1, 1)
    assert levels["locus"] == (2, 3, 1, 1)
    assert levels["start"] == (2, 3, 1, 1)  # 5 on +, 89 on -; predicted 5 and 60 on +, 80 on -
    assert levels["stop"] == (2, 3, 2, 2)
    assert report.same_start[:3] == (2, 2, 1)
    assert report.introns["known"] == {"GT-AG": 1, "GT-GC": 1} and gt_ag_share(report.introns["known"]) == 0.5


def test_shares_that_are_not_defined() -> None:
    nothing = Agreement(0, 0, 0, 0)
    assert math.isnan(nothing.recall) and math.isnan(nothing.f1) and nothing.as_json()["f1"] is None
    assert Agreement(4, 2, 0, 0).f1 == 0.0
    assert Agreement(4, 2, 2, 2).f1 == pytest.approx(2 / 3)
