"""Scores as INFO and as rows, and read back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.errors import InputError
from dna_mamba.genome import Variant
from dna_mamba.io.vcf import parse_record
from dna_mamba.runs.table_lines import format_number
from dna_mamba.scoring import AlleleStatus, VariantScore
from dna_mamba.scoring.variant_files.columns import (
    describe_status,
    info_definitions,
    info_of,
    parse_info,
    table_header,
    table_rows,
)
from dna_mamba.scoring.variants.scores import columns_of, find_scores

LLR = columns_of(find_scores(["llr"]))
ALL = columns_of(find_scores(["llr", "wt-llr", "embedding", "influence", "entropy"]))
floats = st.floats(width=32, allow_nan=False, allow_infinity=False)


def scored(status, **values):
    return VariantScore(Variant("c", 9, "A", "C"), status, values)


TWO = [scored(AlleleStatus.OK, llr=-0.5), scored(AlleleStatus.SYMBOLIC)]


@given(floats)
def test_numbers_tell_any_two_float32_apart(value):
    assert np.float32(format_number(value)) == np.float32(value)


def test_numbers_by_hand():
    numbers = {None: ".", 0.0: "0", -1.25: "-1.25", 1 / 3: "0.333333343", 2.0**-40: "9.09494702e-13"}
    assert [format_number(number) for number in numbers] == list(numbers.values())


def test_info_has_a_value_for_each_alt_in_their_order():
    assert info_of(TWO, LLR) == "DM_LLR=-0.5,.;DM_STATUS=OK,SYMBOLIC"
    assert info_of(TWO[::-1], LLR) == "DM_LLR=.,-0.5;DM_STATUS=SYMBOLIC,OK"
    assert info_of([], LLR) == ""
    both = info_of([scored(AlleleStatus.OK, entropy=1.0, llr=2.0)], columns_of(find_scores(["entropy", "llr"])))
    assert both == "DM_ENTROPY=1;DM_LLR=2;DM_STATUS=OK"


statuses = st.sampled_from(AlleleStatus)
numbers = st.dictionaries(st.sampled_from([column.name for column in ALL]), floats)


@given(st.lists(st.builds(lambda status, values: scored(status, **values), statuses, numbers), min_size=1, max_size=4))
def test_info_is_read_back(scores):
    entries = f"AC=1;{info_of(scores, ALL)};DB"
    found = parse_info(entries)
    assert [status for status, _ in found] == [score.status for score in scores]
    for (_, values), score in zip(found, scores, strict=True):
        assert {name: np.float32(value) for name, value in values.items()} == score.values


def test_info_without_scores():
    assert parse_info("AC=1;DB") == parse_info(".") == parse_info("") == []


@pytest.mark.parametrize(
    "info",
    [
        "DM_LLR=1.5",
        "DM_LLR=x;DM_STATUS=OK",
        "DM_LLR=1,2;DM_STATUS=OK",
        "DM_LLR=1;DM_STATUS=OK,OK",
        "DM_STATUS=FINE",
        "DM_STATUS",
    ],
)
def test_scores_that_do_not_belong_together(info):
    with pytest.raises(InputError, match=r"the scores do not go with DM_STATUS=.*; score the file again"):
        parse_info(info)


def test_definitions_say_what_the_numbers_are():
    llr, status = info_definitions(LLR, 512)
    assert llr.startswith("##INFO=<ID=DM_LLR,Number=A,Type=Float,Description=") and "512 bp" in llr
    assert status == f'##INFO=<ID=DM_STATUS,Number=A,Type=String,Description="{describe_status()}">'
    assert all(f"{name}: " in status for name in AlleleStatus)


RECORD = parse_record("chr1\t9\trs1\tA\tC,<DEL>\t.\t.\tAC=1", 1, "x")


def test_a_row_for_each_alt():
    alts = [VariantScore(Variant("chr1", 9, "A", alt), *rest) for (_, *rest), alt in zip(TWO, RECORD.alts, strict=True)]
    assert table_rows(RECORD, alts, LLR) == ["chr1\t9\tA\tC\trs1\tOK\t-0.5", "chr1\t9\tA\t<DEL>\trs1\tSYMBOLIC\t."]


def test_a_record_without_alt_has_a_row_too():
    columns = columns_of(find_scores(["embedding"]))
    assert table_rows(RECORD, [], columns) == ["chr1\t9\tA\t.\trs1\t." + "\t." * 4]


def test_the_table_says_what_its_columns_are():
    *said, names = table_header(ALL, 512)
    assert names.split("\t") == ["#chrom", "pos", "ref", "alt", "id", "status", *(column.name for column in ALL)]
    assert all(line.startswith("##") for line in said) and "1-based" in said[0]
    for column in ALL:
        assert any(line.startswith(f"##{column.name}: ") and "512 bp" in line for line in said)
