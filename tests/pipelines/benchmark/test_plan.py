"""The YAML file of a benchmark, and the recipes it makes."""

from pathlib import Path

import pytest

from dna_mamba.errors import InputError
from dna_mamba.training.finetune import read_finetune_recipe
from pipelines.benchmark.plan import Limit, merged, read_plan

PLAN = Path(__file__).parents[3] / "pipelines" / "benchmark" / "tasks.yaml"
SET = "  - {name: a, title: A, source: own, metric: auroc, table: a.tsv}\n"


def write(tmp_path, text):
    path = tmp_path / "plan.yaml"
    path.write_text(text)
    return path


def test_every_recipe_of_the_plan_is_one_of_finetune():
    plan = read_plan(PLAN)
    assert len(plan.sets) == 18 and set(plan.runs) == {"probe", "tuned"}
    for task_set in plan.sets:
        for run in plan.runs:
            recipe = read_finetune_recipe(None, plan.recipe_for(task_set, run, Path("rows.tsv")))
            assert recipe.data.files == ("rows.tsv",) and recipe.folds.n_folds == 5
            assert recipe.leaks == ("keep" if recipe.data.task == "regression" else "drop")
    tuned = plan.recipe_for(plan.sets[0], "tuned", Path("rows.tsv"))
    assert tuned["baselines"] == ["kmer-logistic", "random-weights"] and tuned["how"] == "full"
    assert list(plan.runs) == ["probe", "tuned"] and list(plan.limits) == ["tuned"]  # what is quick comes first
    limit = plan.limits["tuned"]
    said = f"at most {limit.max_rows:,} rows and {limit.max_bp:,} bp of a set"
    assert any(said in note for note in plan.notes)  # the page says what the limit is


def test_a_limit_counts_rows_and_bases():
    assert Limit().rows_of(500, 5000) == 500
    assert Limit(max_rows=100).rows_of(500, 5000) == 100 and Limit(max_rows=900).rows_of(500, 5000) == 500
    assert Limit(max_bp=2000).rows_of(500, 5000) == 200 and Limit(max_bp=2000, max_rows=50).rows_of(500, 5000) == 50
    assert Limit(max_bp=1).rows_of(500, 5000) == 1


def test_what_is_said_of_a_set_adds_to_what_is_said_of_all():
    assert merged({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"c": 3}, "d": [2]}) == {"a": {"b": 1, "c": 3}, "d": [2]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model: m\nruns: {probe: {}}\nsets:\n" + SET + SET, "two sets have one name"),
        ("model: m\nruns: {probe: {}}\nsets:\n" + SET.replace("auroc", "auc"), "no metric 'auc'"),
        ("model: m\nruns: {probe: {}}\nsets:\n" + SET.replace(", table: a.tsv", ""), "either table or classes"),
        ("model: m\nruns: {probed: {}}\nsets:\n" + SET, "runs.probed"),
        ("runs: {probe: {}}\nsets:\n" + SET, "model"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_file(tmp_path, text, said):
    with pytest.raises(InputError) as refused:
        read_plan(write(tmp_path, text))
    assert said in str(refused.value) and "plan.yaml" in str(refused.value) and "\n" not in str(refused.value)
