"""A run: its outputs, its methods on the same folds, its model; stopped and resumed to the bit."""

import os
import signal
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from dna_mamba.checkpoints import load_model
from dna_mamba.errors import InputError, MachineError, PreemptedError
from dna_mamba.models import TaskModel
from dna_mamba.training.finetune import Onlooker
from dna_mamba.training.finetune.units import UnitStore
from dna_mamba.training.loop.log import read_log
from tests.training.finetune.desk import furnish, job_of, outputs, read_predictions, results

LORA = {"how": "lora", "training.epochs": 2, "training.rank": 2, "baselines": ("majority",), "folds.n_folds": 2}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = furnish(tmp_path_factory.mktemp("desk"))
    everything = ("majority", "gc-length", "kmer-logistic", "cnn", "random-weights")
    job_of(directory, "probe", baselines=everything, seeds=2).run()
    return directory


def test_all_methods_are_judged_on_the_same_rows(desk: Path) -> None:
    found = results(desk, "probe")
    assert (found["task"], found["n"], found["folds"]) == ("classification", 60, 3)
    names = ["probe", "majority", "gc-length", "kmer-logistic", "cnn", "random-weights"]
    assert list(found["methods"]) == names
    for of_metrics in found["methods"].values():
        assert set(of_metrics["auroc"]) == {"mean", "low", "high", "per_fold", "bootstrap"}
        assert len(of_metrics["auroc"]["per_fold"]) == 3
    assert found["methods"]["majority"]["auroc"]["mean"] == 0.5
    assert found["methods"]["gc-length"]["auroc"]["mean"] > 0.8  # the label is GC
    assert found["methods"]["probe"]["auroc"]["mean"] > 0.6
    assert found["leaks"]["exact"] == 0


def test_every_held_out_row_is_kept_once_a_method_and_seed(desk: Path) -> None:
    rows = read_predictions(desk, "probe")
    counts = Counter((row["method"], row["seed"]) for row in rows)
    assert counts == {
        (method, seed): 60
        for method in ("probe", "majority", "gc-length", "kmer-logistic", "cnn", "random-weights")
        for seed in (("0", "1") if method in ("cnn", "random-weights") else ("0",))
    }
    assert {row["id"] for row in rows} == {f"r{i}" for i in range(60)}
    folds: dict[str, str] = {}
    for row in rows:
        assert float(row["at"]) + float(row["gc"]) == pytest.approx(1, abs=1e-5)
        assert folds.setdefault(row["id"], row["fold"]) == row["fold"]


def test_results_are_those_of_the_predictions(desk: Path) -> None:
    from sklearn.metrics import roc_auc_score

    rows = [row for row in read_predictions(desk, "probe") if row["method"] == "gc-length"]
    for fold, value in enumerate(results(desk, "probe")["methods"]["gc-length"]["auroc"]["per_fold"]):
        here = [row for row in rows if row["fold"] == str(fold)]
        again = roc_auc_score([row["truth"] == "gc" for row in here], [float(row["gc"]) for row in here])
        assert again == pytest.approx(value, abs=1e-9)


def test_the_model_takes_a_sequence_and_has_its_card(desk: Path) -> None:
    model = load_model(desk / "probe" / "model")
    assert isinstance(model, TaskModel) and model.head_config.outputs == ("at", "gc")
    said = {}
    for name, sequence in {"gc": "GCGGCCGCGTGCCGGACGGCGCCGGC", "at": "ATTATAATCATATTAAATGATATAAT"}.items():
        ids = torch.tensor(model.tokenizer.encode(sequence))[None]
        said[name] = model.answers(model(ids).logits)[0, 1].item()
    assert said["gc"] > 0.5 > said["at"]
    card = (desk / "probe" / "model" / "CARD.md").read_text()
    assert "kmer-logistic" in card and results(desk, "probe")["data_sha256"] in card
    assert (desk / "probe" / "figures" / "roc.png").read_bytes().startswith(b"\x89PNG")
    assert not {"progress", "embeddings", "trainings"} & {path.name for path in (desk / "probe").iterdir()}


def test_the_log_says_what_each_training_chose(desk: Path) -> None:
    rows = [row for row in read_log(desk / "probe" / "log.jsonl") if row["event"] == "unit"]
    assert len(rows) == 3 * (4 + 2 * 2)
    assert all(row["seconds"] >= 0 for row in rows)
    assert {"features", "inverse_penalty"} <= rows[0]["chosen"].keys()


def test_regression_with_given_folds(desk: Path) -> None:
    flags = {"data.label": ["y"], "data.task": "regression", "data.fold_column": "fold"}
    job_of(desk, "regression", **flags, **{"baselines": ("majority", "gc-length", "kmer-logistic", "cnn")}).run()
    found = results(desk, "regression")
    assert found["task"] == "regression" and found["plan"]["kind"] == "column"
    assert found["methods"]["gc-length"]["pearson"]["mean"] > 0.99
    assert found["methods"]["majority"]["pearson"]["mean"] is None  # a constant has no correlation
    rows = [row for row in read_predictions(desk, "regression") if row["method"] == "gc-length"]
    assert all(abs(float(row["truth"]) - float(row["y"])) < 0.1 for row in rows)
    assert (desk / "regression" / "figures" / "residuals.png").exists()


@pytest.mark.parametrize("how", ["lora", "dora", "last-n", "full"])
def test_training_by_gradients_leaves_a_plain_model(desk: Path, how: str) -> None:
    pytest.importorskip("peft")
    job_of(desk, how, **(LORA | {"how": how, "training.last_n": 1})).run()
    model = load_model(desk / how / "model")
    assert isinstance(model, TaskModel)
    assert not [name for name in model.state_dict() if "lora" in name]
    assert list(results(desk, how)["methods"]) == [how, "majority"]
    epochs = [row for row in read_log(desk / how / "log.jsonl") if row["event"] == "evaluate"]
    assert {row["epoch"] for row in epochs} >= {0, 1}
    assert all(np.isfinite(row["loss"]) for row in epochs)


@pytest.mark.parametrize("flags", [{}, LORA], ids=["probe", "lora"])
def test_a_run_stopped_by_a_signal_resumes_to_the_bit(desk: Path, flags: dict[str, object]) -> None:
    name = str(flags.get("how", "short"))
    if not (desk / name).exists():
        job_of(desk, name, **flags).run()
    lines: list[str] = []

    def stop(line: str) -> None:
        lines.append(line)
        if line.startswith(("probe: done", "lora-fold-1-seed-0, epoch 1")):
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(PreemptedError, match="--resume"):
        job_of(desk, f"{name}-stopped", **flags).run(Onlooker(stop))
    assert any("done" in line or "epoch" in line for line in lines)
    assert not (desk / f"{name}-stopped" / "results.json").exists()
    told: list[str] = []
    job_of(desk, f"{name}-stopped", **flags).run(Onlooker(told.append), resume=True)
    assert any("are done already" in line for line in told)
    assert outputs(desk, f"{name}-stopped") == outputs(desk, name)


def test_a_full_disk_keeps_what_is_done(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, calls = UnitStore.write, []

    def full(store: UnitStore, *args: object) -> None:
        calls.append(args)
        if len(calls) == 3:
            raise MachineError("the disk is full", place="here", remedy="free some space")
        write(store, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(UnitStore, "write", full)
    with pytest.raises(MachineError):
        job_of(desk, "full").run(force=True)
    monkeypatch.setattr(UnitStore, "write", write)
    told: list[str] = []
    job_of(desk, "full").run(Onlooker(told.append), resume=True)
    assert "2 of 9 trainings are done already" in told


def test_another_recipe_does_not_resume_a_run(desk: Path) -> None:
    def stop(line: str) -> None:
        if line.startswith("probe: done"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        job_of(desk, "other").run(Onlooker(stop))
    with pytest.raises(InputError, match="another recipe"):
        job_of(desk, "other", **{"folds.seed": 1}).run(resume=True)
    with pytest.raises(InputError, match="--resume resumes it"):
        job_of(desk, "other").run()
    job_of(desk, "other", **{"folds.seed": 1}).run(force=True)
    assert results(desk, "other")["plan"]["seed"] == 1
