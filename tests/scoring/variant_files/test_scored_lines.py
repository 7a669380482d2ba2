"""From records to lines: order, what is left out, what is counted and told, and that batches end with a block."""

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.io.vcf import parse_record
from dna_mamba.scoring.variant_files.scored_lines import ScoredLines, in_blocks
from dna_mamba.scoring.variant_files.summary import ScoreSummary
from dna_mamba.scoring.variant_files.target import Layout
from dna_mamba.scoring.variants.scores import columns_of, find_scores
from tests.scoring.variant_files.scorer import KnownScorer

RECORDS = [
    parse_record(f"c\t{i}\tr{i}\tA\t{alt}\t.\t.\tAC=1", i, "x")
    for i, alt in enumerate(["C", "C,G", ".", "<DEL>", "T"], 1)
]
LAYOUT = Layout(columns_of(find_scores(["llr"])), 21)


def lines_of(kind="records", drops=False, records=RECORDS):
    told, summary = [], ScoreSummary()
    lines = list(ScoredLines(KnownScorer(), LAYOUT, kind, drops, told.append).of(records, summary))
    assert told == [1] * len(records)
    return lines, summary


def test_every_record_is_a_line_in_its_order():
    lines, summary = lines_of()
    assert [line.split("\t")[2] for line in lines] == ["r1", "r2", "r3", "r4", "r5"]
    assert lines[1].endswith("AC=1;DM_LLR=1,.;DM_STATUS=OK,REF_MISMATCH")
    assert lines[2] == RECORDS[2].line
    assert (summary.n_records, summary.n_left_out, summary.n_scored, summary.n_alleles) == (5, 0, 2, 5)
    assert summary.by_status == {"OK": 2, "REF_MISMATCH": 2, "SYMBOLIC": 1}


def test_records_with_any_mismatch_are_left_out_if_asked_and_still_counted():
    lines, summary = lines_of(drops=True)
    assert [line.split("\t")[2] for line in lines] == ["r1", "r3", "r4"]
    assert (summary.n_records, summary.n_left_out, summary.n_alleles) == (5, 2, 5)


def test_rows_of_a_table():
    lines, _ = lines_of("table")
    assert [line.split("\t")[3] for line in lines] == ["C", "C", "G", ".", "<DEL>", "T"]


@given(st.integers(0, 20), st.integers(1, 7))
def test_blocks_partition_the_records(n_records, size):
    blocks = [list(block) for block in in_blocks(iter(range(n_records)), size)]
    assert list(chain.from_iterable(blocks)) == list(range(n_records))
    assert all(len(block) == size for block in blocks[:-1]) and all(blocks)
    assert len(blocks) == -(-n_records // size)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_a_call_of_the_scorer_reaches_over_no_edge_of_a_block(size):
    scorer = KnownScorer()
    lines = ScoredLines(scorer, LAYOUT, "records", False, lambda count: None)
    for block in in_blocks(iter(RECORDS), size):
        list(lines.of(block, ScoreSummary()))
    names = [record.id for record in RECORDS]
    assert scorer.calls == [names[i : i + size] for i in range(0, 5, size)]
