"""Agreement of genes, counted by hand."""

import math

import pytest

from dna_mamba.annotation.coding_parts import CodingTranscript
from dna_mamba.annotation.levels import Agreement, AnnotationReport, LevelTables, gt_ag_share
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


def levels_of(known: list[CodingTranscript], predicted: list[CodingTranscript]) -> AnnotationReport:
    tables = LevelTables()
    tables.add(known, predicted, BASES)
    return tables.report({}, [])


@pytest.mark.parametrize("strand", ["+", "-"])
def test_transcripts_of_one_gene_are_one_locus(strand: str) -> None:
    """Three transcripts: an exon skipped, another end, and one that meets the third but not the first."""
    whole, skipped, late = ((0, 10), (20, 30), (40, 50)), ((0, 10), (40, 50)), ((44, 60),)
    known = [CodingTranscript("c", strand, spans) for spans in (whole, skipped, late)]
    found = levels_of(known, [CodingTranscript("c", strand, skipped)]).levels
    assert found["locus"] == (1, 1, 1, 1) and found["transcript"] == (3, 1, 1, 1)
    assert found["exon"] == (4, 2, 2, 2)  # 0-10, 20-30, 40-50, 44-60
    assert found["intron"] == (3, 1, 1, 1)  # 10-20, 30-40; 10-40
    assert found["intron chain"] == (2, 1, 1, 1)
    assert found["base"] == (40, 20, 20, 20)


def test_a_gene_in_the_intron_of_another_is_a_locus_of_its_own() -> None:
    outer = CodingTranscript("c", "+", ((0, 10), (60, 70)))
    inner, opposite = CodingTranscript("c", "+", ((30, 42),)), CodingTranscript("c", "-", ((3, 9),))
    touching = CodingTranscript("c", "+", ((70, 80),))
    found = levels_of([outer, inner, opposite, touching], [inner, touching]).levels
    assert found["locus"] == (4, 2, 2, 2)


def test_the_right_strand_alone_counts() -> None:
    known = [CodingTranscript("c", "+", ((5, 20), (30, 45)))]
    levels = levels_of(known, [CodingTranscript("c", "-", ((5, 20), (30, 45)))]).levels
    assert all((level.found, level.right) == (0, 0) for level in levels.values())
    assert levels["base"] == (30, 30, 0, 0)


def test_a_matching_intron_chain_is_no_matching_transcript() -> None:
    """Another start in the first exon: the chain and the last exon agree, transcript and locus do not."""
    known = [CodingTranscript("c", "-", ((5, 20), (30, 45)))]
    report = levels_of(known, [CodingTranscript("c", "-", ((5, 20), (30, 42)))])
    right = {name: level.right for name, level in report.levels.items()}
    assert right == {
        "base": 27,
        "exon": 1,
        "intron": 1,
        "intron chain": 1,
        "transcript": 0,
        "locus": 0,
        "start": 0,
        "stop": 1,
    }
    assert report.same_start[:3] == (1, 1, 0)


def test_one_of_several_starts_of_a_stop_is_enough() -> None:
    known = [CodingTranscript("c", "+", ((6, 30),))]
    both = [CodingTranscript("c", "+", ((start, 30),)) for start in (6, 12)]
    for predicted in (both, both[::-1]):
        assert levels_of(known, predicted).same_start[:3] == (1, 1, 1)


def test_contigs_add_up() -> None:
    tables = LevelTables()
    for _ in range(2):
        tables.add(KNOWN, FOUND, BASES)
    tables.add([], FOUND, BASES)
    assert tables.report({}, []).levels["locus"] == (4, 9, 2, 2)
