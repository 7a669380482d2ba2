"""The page, and what it says of ours."""

import pytest

from dna_mamba.errors import InputError
from pipelines.benchmark.page import BEGIN, END, check_page, gain_lines, notes, page_lines, table_lines, write_into_page
from pipelines.benchmark.report import row_of
from pipelines.benchmark.runs import Outcome
from tests.pipelines.benchmark.found import SET, outcomes

SETTING = {"model": "m", "cores": 2, "processor": "P", "threads": 2, "date": "today", "command": "c"}


def test_the_table_has_the_rows_of_each_run_and_the_best_in_bold():
    head, rule, line = table_lines([row_of(SET, outcomes(0.8, 0.9, 0.95))])
    assert head.count("|") == rule.count("|") == line.count("|")
    cells = [cell.strip() for cell in line.split("|")]
    assert cells[1:5] == ["Own set", "auroc", "1,200", "0.500<br>0.490 to 0.510"]
    assert [name.strip() for name in head.split("|")][cells.index("300")] == "rows"
    assert "**0.950**<br>0.940 to 0.960" in line and line.count("**") == 2 and cells[-3:-1] == ["+0.050", "2.0"]
    assert notes([row_of(SET, outcomes(0.8, 0.9, 0.95))]) == ["Ours is at or above the best baseline on 1 of 1 sets."]


def test_where_ours_is_behind_and_what_is_missing_are_said():
    row = row_of(SET, outcomes(0.8, 0.9))
    *_, line = table_lines([row])
    assert "**0.900**" in line and line.count("**") == 2
    nothing = dict.fromkeys(("probe", "tuned"), Outcome(None, {}, "oh"))
    other = row_of(SET.model_copy(update={"title": "Other"}), nothing)
    assert notes([row, other]) == [
        "Ours is at or above the best baseline on 0 of 1 sets.",
        "Own set: probe is 0.100 behind k-mers in auroc.",
        "Missing, tuned (oh): all sets.",
        "Missing, probe (oh): Other.",
    ]
    third = row_of(SET.model_copy(update={"title": "C, third"}), nothing)
    assert notes([row, other, third])[-1] == "Missing, probe (oh): Other; C, third."
    assert len(table_lines([row, other, third])) == 3  # a head, a rule and the one set of which something is known


def test_a_gain_is_bold_where_its_interval_leaves_zero_out():
    row = row_of(SET, outcomes(0.8, 0.9, 0.95))
    *_, line = gain_lines([row])
    probe, tuned = [cell.strip() for cell in line.split("|")[3:5]]
    assert probe.startswith("+0.100<br>-0.1") and tuned == "**+0.350**<br>+0.350 to +0.350"
    assert gain_lines([row | {"gains": {}}]) == []


def test_the_page_says_how_it_was_made():
    lines = page_lines([row_of(SET, outcomes(0.8, 0.9, 0.95))], ["Five folds."], SETTING)
    assert "- Five folds." in lines and lines[-1] == "Model `m`, 2 cores of P, 2 threads, today; made by `c`."


def test_the_table_goes_between_the_marks_of_a_page(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    check_page(page)
    for _ in range(2):
        write_into_page(page, ["| new |"])
        assert page.read_text() == f"before\n{BEGIN}\n\n| new |\n\n{END}\nafter\n"
    page.write_text("no marks")
    for refused in (check_page, lambda page: write_into_page(page, [])):
        with pytest.raises(InputError, match=r"page\.md: has no marks"):
            refused(page)
