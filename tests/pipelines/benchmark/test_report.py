"""What the runs of a set come to."""

import pytest

from pipelines.benchmark.report import comparison, gains, row_of
from tests.pipelines.benchmark.found import SET, metrics, outcomes


def test_a_row_has_every_method_under_the_name_of_its_column():
    row = row_of(SET, outcomes(0.8, 0.9, 0.95))
    assert {name: of["auroc"]["mean"] for name, of in row["columns"].items()} == {
        "majority": 0.5, "k-mers": 0.9, "random probe": 0.7, "probe": 0.8,
        "k-mers again": 0.75, "from scratch": 0.6, "fine-tuned": 0.95,
    }  # fmt: skip
    assert (row["best"], row["rival"], row["ahead"], row["not_run"]) == ("fine-tuned", "k-mers", 0.05, {})
    assert {run: facts["n"] for run, facts in row["runs"].items()} == {"probe": 1200, "tuned": 300}


def test_a_gain_is_the_mean_difference_on_the_same_folds_with_its_interval():
    row = row_of(SET, outcomes(0.8, 0.9, 0.95))
    assert row["gains"]["probe"]["per_fold"] == pytest.approx([0.11, 0.09])
    assert row["gains"]["probe"]["mean"] == pytest.approx(0.1)
    # Student's t of one degree of freedom, 12.706, and the variance 0.0002 times 1/2 + 1/1
    assert row["gains"]["probe"]["high"] == pytest.approx(0.1 + 12.7062 * (0.0002 * 1.5) ** 0.5, abs=1e-4)
    assert row["gains"]["fine-tuned"]["mean"] == pytest.approx(0.35)
    lower = {"probe": metrics(0.2, "rmse"), "random probe": metrics(0.3, "rmse")}
    assert gains(lower, "rmse")["probe"]["mean"] == pytest.approx(0.1)  # of an error, less is a gain
    one = {"probe": metrics(0.2, folds=(0,)), "random probe": metrics(0.3, folds=(0,))}
    assert gains(one, "auroc")["probe"]["low"] is None


def test_lower_is_better_for_errors():
    columns = {"probe": metrics(0.2, "rmse"), "k-mers": metrics(0.3, "rmse"), "majority": metrics(0.9, "rmse")}
    assert comparison(columns, "rmse") == {"best": "probe", "rival": "k-mers", "ahead": 0.1}
    assert comparison({"probe": metrics(0.2)}, "auroc") == {}
