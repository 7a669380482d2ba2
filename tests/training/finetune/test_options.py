"""Options of fine-tuning do what they say: each test fails if its option did nothing."""

import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from dna_mamba.checkpoints import load_model
from dna_mamba.errors import InputError
from dna_mamba.models import HeadConfig, TaskModel
from dna_mamba.training.finetune import read_finetune_recipe
from dna_mamba.training.finetune.head import head_config_of, targets_of, weights_of
from dna_mamba.training.finetune.linear.model import answers_of, fit_linear
from dna_mamba.training.finetune.problem import Problem
from dna_mamba.training.finetune.recipe import recipe_text
from dna_mamba.training.finetune.sections import TrainingSection
from dna_mamba.training.finetune.tuned.batches import EpochBatches, logits_of
from dna_mamba.training.finetune.tuned.objective import HeadObjective
from dna_mamba.training.finetune.tuned.parts import choose_parts, rate_factors
from dna_mamba.training.loop.log import read_log
from dna_mamba.training.loop.optimiser import OptimiserConfig, build_optimiser
from tests.training.finetune.desk import furnish, job_of, read_predictions, results
from tests.worlds import small_model

HEAD = HeadConfig(task="classification", outputs=("a", "b"))
LEARNT = {"how": "full", "baselines": ("majority",), "folds.n_folds": 2}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows of ``furnish``, and two tables: of three classes, and of several labels and targets."""
    directory = furnish(tmp_path_factory.mktemp("desk"), n_rows=48)
    draw = random.Random(8)
    lines = ["sequence\tlabel\trich\tlong\tgc\tlength"]
    for _ in range(60):
        kind = draw.choice("agx")
        weights = {"a": (3, 1, 1, 3), "g": (1, 3, 3, 1), "x": (1, 1, 1, 1)}[kind]
        letters = draw.choices("ACGT", weights=weights, k=draw.choice((20, 40)))
        gc = sum(letter in "GC" for letter in letters) / len(letters)
        cells = ("".join(letters), kind, int(gc > 0.5), int(len(letters) > 30), gc, len(letters) * 1.5)
        lines.append("\t".join(map(str, cells)))
    (directory / "more.tsv").write_text("\n".join(lines) + "\n")
    return directory


def more(desk: Path, *labels: str) -> dict[str, object]:
    rows = {"data.files": [str(desk / "more.tsv")], "data.label": labels}
    return {**rows, "baselines": ("gc-length",), "folds.n_folds": 2}


def problem_of(desk: Path, balanced: bool, *labels: str) -> Problem:
    return Problem(job_of(desk, "unused", **more(desk, *labels)).problem.data, balanced)


def test_three_classes(desk: Path) -> None:
    job_of(desk, "classes", **more(desk, "label")).run()
    rows = read_predictions(desk, "classes")
    for row in rows:
        assert sum(float(row[name]) for name in "agx") == pytest.approx(1, abs=1e-5)
    own = [row for row in rows if row["method"] == "gc-length"]
    right = [max("agx", key=lambda name: float(row[name])) == row["truth"] for row in own]
    assert np.mean(right) > 0.6
    accuracy = results(desk, "classes")["methods"]["gc-length"]["accuracy"]["mean"]
    assert accuracy == pytest.approx(np.mean(right), abs=0.05)
    model = load_model(desk / "classes" / "model")
    assert isinstance(model, TaskModel) and model.head_config.outputs == ("a", "g", "x")


def test_several_labels_are_answered_apart(desk: Path) -> None:
    job_of(desk, "labels", **more(desk, "rich", "long")).run()
    assert results(desk, "labels")["task"] == "multilabel"
    rows = [row for row in read_predictions(desk, "labels") if row["method"] == "gc-length"]
    both = [row for row in rows if row["truth"] == "rich;long"]
    assert both and np.mean([float(row["rich"]) + float(row["long"]) for row in both]) > 1.2  # no choice between them
    for name in ("rich", "long"):
        with_it = [float(row[name]) for row in rows if name in row["truth"].split(";")]
        without = [float(row[name]) for row in rows if name not in row["truth"].split(";")]
        assert np.mean(with_it) > np.mean(without) + 0.2


def test_several_targets_each_in_its_units(desk: Path) -> None:
    job_of(desk, "targets", **more(desk, "gc", "length")).run()
    rows = [row for row in read_predictions(desk, "targets") if row["method"] == "gc-length"]
    for name, near in (("gc", 0.05), ("length", 2.0)):
        errors = [abs(float(row[f"truth_{name}"]) - float(row[name])) for row in rows]
        assert max(errors) < near
    model = load_model(desk / "targets" / "model")
    assert isinstance(model, TaskModel) and model.head_config.outputs == ("gc", "length")


def test_balanced_classes_raise_what_is_said_of_the_rare_one(desk: Path) -> None:
    plain, balanced = (problem_of(desk, way, "label") for way in (False, True))
    truth = plain.truth
    rows = np.sort(np.concatenate([np.flatnonzero(truth == 0), np.flatnonzero(truth == 2)[:4]]))
    x = np.random.default_rng(0).normal(size=(len(rows), 2))
    said = [answers_of(p, fit_linear(p, "logistic", x, rows, 1.0).decide(x))[:, -1].mean() for p in (plain, balanced)]
    assert said[1] > said[0] + 0.1
    assert weights_of(plain, rows) is None
    weights = weights_of(balanced, rows)
    assert weights is not None
    counts = np.bincount(truth[rows], minlength=3)
    np.testing.assert_allclose(weights.numpy()[[0, 2]], len(rows) / (3 * counts[[0, 2]]), rtol=1e-6)


@pytest.mark.parametrize("labels", [("label",), ("rich", "long")])
def test_balanced_losses_are_those_of_the_weights(desk: Path, labels: tuple[str, ...]) -> None:
    problem = problem_of(desk, True, *labels)
    rows = np.arange(9)
    weights = weights_of(problem, rows)
    assert weights is not None
    model = TaskModel.on(small_model(), head_config_of(problem)).train()
    with torch.no_grad():
        for parameter in model.head.parameters():
            parameter.mul_(20)
    batch = EpochBatches(model, problem.data, targets_of(problem), rows, 9, 0)[0][0]
    objective = HeadObjective(model, weights, torch.float32)
    plain = HeadObjective(model, None, torch.float32)
    given = (objective(batch) / objective.weight(batch)).detach()
    torch.manual_seed(batch.noise_seed)
    logits = logits_of(model, batch.windows).detach()
    if len(labels) == 1:
        expected = torch.nn.functional.cross_entropy(logits, batch.targets, weight=weights)
    else:
        expected = torch.nn.functional.binary_cross_entropy_with_logits(logits, batch.targets, pos_weight=weights)
    torch.testing.assert_close(given, expected)
    assert abs((plain(batch) / plain.weight(batch)).item() - expected.item()) > 1e-3


def test_class_weights_of_numbers_are_refused(desk: Path) -> None:
    with pytest.raises(InputError, match="class weights, and the labels are regression targets"):
        _ = job_of(desk, "numbers", **more(desk, "gc"), class_weights="balanced").survey


def test_products_in_bfloat16_are_close_and_not_equal(desk: Path) -> None:
    problem = problem_of(desk, False, "label")
    model = TaskModel.on(small_model(), head_config_of(problem)).train()
    batch = EpochBatches(model, problem.data, targets_of(problem), np.arange(8), 8, 0)[0][0]
    exact, rounded = (HeadObjective(model, None, kind)(batch).item() for kind in (torch.float32, torch.bfloat16))
    assert exact != rounded and exact == pytest.approx(rounded, rel=0.02)
    job_of(desk, "bfloat16", **LEARNT, **{"training.precision": "bfloat16", "training.epochs": 1}).run()
    assert np.isfinite(results(desk, "bfloat16")["methods"]["full"]["brier"]["mean"])


def test_training_ends_when_nothing_better_came_for_so_many_epochs(desk: Path) -> None:
    worse = {"training.learning_rate": 5.0, "training.epochs": 9, "training.warmup": 0.0}
    for patience in (1, 3):
        job_of(desk, f"patience-{patience}", **LEARNT, **worse, **{"training.patience": patience}).run()
        rows = list(read_log(desk / f"patience-{patience}" / "log.jsonl"))
        units = [row for row in rows if row["event"] == "unit" and row["method"] == "full"]
        chosen = {row["unit"]: row["chosen"]["epoch"] for row in units}
        last = {row["unit"]: row["epoch"] for row in rows if row["event"] == "evaluate"}
        assert len(chosen) == 2
        for unit, epoch in chosen.items():
            assert last[unit] == min(9, epoch + patience)


def test_layers_further_from_the_head_learn_more_slowly() -> None:
    model = TaskModel.on(small_model(), HEAD)
    settings = TrainingSection(learning_rate=1e-3, layer_decay=0.5, head_factor=4.0)
    factor = rate_factors("full", settings, model.config.n_layer)
    choose_parts(model, "full", settings, 0)
    optimiser = build_optimiser(model, OptimiserConfig(learning_rate=1e-3), factor)
    rates = {id(p): group["rate_factor"] for group in optimiser.param_groups for p in group["params"]}
    by_name = {name: rates[id(parameter)] for name, parameter in model.named_parameters()}
    n = model.config.n_layer
    layers = {int(name.split(".")[2]): rate for name, rate in by_name.items() if name.startswith("encoder.layers.")}
    assert layers == {layer: 0.5 ** (n - 1 - layer) for layer in range(n)}
    assert {rate for name, rate in by_name.items() if name.startswith("head.")} == {4.0}
    assert {rate for name, rate in by_name.items() if "embedding" in name} == {0.5**n}


def test_the_last_layers_alone_are_trained() -> None:
    model = TaskModel.on(small_model(), HEAD)
    choose_parts(model, "last-n", TrainingSection(last_n=1), 0)
    trained = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    last = f"encoder.layers.{model.config.n_layer - 1}."
    assert all(name.startswith((last, "encoder.norm.", "head.")) for name in trained)
    assert any(name.startswith(last) for name in trained) and any(name.startswith("head.") for name in trained)


def test_rows_are_divided_anew_and_trained_with_every_seed(desk: Path) -> None:
    job_of(desk, "again", **LEARNT, seeds=3, **{"folds.repeats": 2, "training.epochs": 1}).run()
    found = results(desk, "again")
    assert found["folds"] == 4 and len(found["methods"]["full"]["auroc"]["per_fold"]) == 4
    rows = [row for row in read_predictions(desk, "again") if row["method"] == "full"]
    assert set(Counter(row["id"] for row in rows).values()) == {2 * 3}  # twice tested, with three seeds
    tested = [{row["id"] for row in rows if row["fold"] == fold} for fold in "0123"]
    assert tested[0] not in tested[2:]
    said = [[row["gc"] for row in rows if row["seed"] == seed] for seed in "012"]
    assert said[0] != said[1] != said[2]


def test_what_is_not_looked_at_is_told(desk: Path) -> None:
    given = {"data.fold_column": "fold"}
    told = "column folds are as they are given: --n-folds and --repeats are not looked at"
    assert told in job_of(desk, "unused", **given, **{"folds.n_folds": 4}).survey.notes
    assert told in job_of(desk, "unused", **given, **{"folds.repeats": 2}).survey.notes
    assert told not in job_of(desk, "unused", **given).survey.notes  # there are three


def test_a_recipe_as_written_divides_rows_as_it_did(tmp_path: Path) -> None:
    """The kind of folds that a column implies is in it."""
    recipe = read_finetune_recipe(None, {"model": "m", "data.files": "d.tsv", "data.fold_column": "fold"})
    (tmp_path / "r.yaml").write_text(recipe_text(recipe))
    assert recipe.folds.kind == "column" and read_finetune_recipe(tmp_path / "r.yaml", {}) == recipe
