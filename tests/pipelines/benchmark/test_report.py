"""The table, and what it says of ours."""

import pytest

from dna_mamba.errors import InputError
from pipelines.benchmark.plan import TaskSet
from pipelines.benchmark.report import BEGIN, END, comparison, notes, row_of, table_lines, write_into_page
from pipelines.benchmark.runs import Outcome

SET = TaskSet(name="own", title="Own set", source="own", metric="auroc", table="t.tsv")


def metrics(mean, metric="auroc"):
    return {metric: {"mean": mean, "low": mean - 0.01, "high": mean + 0.01, "per_fold": [mean]}}


def outcomes(probe, kmers, tuned=None):
    facts = {"task": "classification", "n": 1200, "folds": 5, "leaks": {}, "interval": "t"}
    methods = {"probe": metrics(probe), "majority": metrics(0.5), "kmer-logistic": metrics(kmers)}
    tuned_methods = {"full": metrics(tuned), "random-weights": metrics(0.6)} if tuned else {}
    tuned_outcome = Outcome(facts | {"methods": tuned_methods}, {"full": 60.0}) if tuned else Outcome(None, {}, "oh")
    return {"probe": Outcome(facts | {"methods": methods}, {"probe": 30.0, "majority": 30.0}), "tuned": tuned_outcome}


def test_a_row_has_every_method_under_the_name_of_its_column():
    row = row_of(SET, outcomes(0.8, 0.9, 0.95))
    assert {name: of["auroc"]["mean"] for name, of in row["columns"].items()} == {
        "majority": 0.5, "k-mers": 0.9, "from scratch": 0.6, "probe": 0.8, "fine-tuned": 0.95,
    }  # fmt: skip
    assert (row["best"], row["rival"], row["ahead"], row["not_run"]) == ("fine-tuned", "k-mers", 0.05, {})
    *_, line = table_lines([row])
    assert "**0.950**<br>0.940 to 0.960" in line and line.count("**") == 2 and "| +0.050 | 2.0 |" in line
    assert notes([row]) == ["Ours is at or above the best baseline on 1 of 1 sets."]


def test_where_ours_is_behind_and_what_is_not_run_are_said():
    row = row_of(SET, outcomes(0.8, 0.9))
    *_, line = table_lines([row])
    assert "**0.900**" in line and line.count("**") == 2
    assert notes([row]) == [
        "Ours is at or above the best baseline on 0 of 1 sets.",
        "Own set: probe is 0.100 behind k-mers in auroc.",
        "Own set: tuned is not run (oh).",
    ]


def test_lower_is_better_for_errors():
    columns = {"probe": metrics(0.2, "rmse"), "k-mers": metrics(0.3, "rmse"), "majority": metrics(0.9, "rmse")}
    assert comparison(columns, "rmse") == {"best": "probe", "rival": "k-mers", "ahead": 0.1}
    assert comparison({"probe": metrics(0.2)}, "auroc") == {}


def test_the_table_goes_between_the_marks_of_a_page(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    for _ in range(2):
        write_into_page(page, ["| new |"])
        assert page.read_text() == f"before\n{BEGIN}\n\n| new |\n\n{END}\nafter\n"
    page.write_text("no marks")
    with pytest.raises(InputError, match=r"page\.md: has no marks"):
        write_into_page(page, [])
