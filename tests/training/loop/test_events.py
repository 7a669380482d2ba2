"""Rows of a log as TensorBoard's own reader finds them; one that it lacks is no hindrance."""

import sys
from pathlib import Path
from typing import Any

import pytest

from dna_mamba.errors import InputError
from dna_mamba.training.loop.events import EVENTS, EventFile, has_tensorboard, scalars
from dna_mamba.training.loop.log import RunLog, read_log
from dna_mamba.training.pretrain import PretrainJob, read_recipe

TRAIN = {"event": "train", "step": 3, "loss_nats": 1.25, "learning_rate": 0.5, "tokens": 40}
EVALUATED = {
    "event": "evaluate",
    "step": 3,
    "split": "test",
    "bits_per_base": 1.5,
    "n_bases": 9,
    "by_genome": {"yeast": {"bits_per_base": 1.75}},
}


def read_scalars(directory: Path) -> dict[str, list[tuple[int, float]]]:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = accumulator.EventAccumulator(str(directory)).Reload()
    return {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def test_tags_and_numbers_of_rows() -> None:
    assert dict(scalars(TRAIN)) == {"train/loss_nats": 1.25, "train/learning_rate": 0.5, "train/tokens": 40}
    assert dict(scalars(EVALUATED)) == {"test/bits_per_base": 1.5, "test/bits_per_base/yeast": 1.75}
    assert not dict(scalars({"event": "start", "step": 0, "parameters": 5}))


def test_rows_are_read_back(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    log = RunLog(tmp_path / "log.jsonl", [EventFile(tmp_path / "events")])
    log.write("start", 0, parameters=5)
    for row in (TRAIN, EVALUATED):
        log.write(**row)
    assert list(read_log(tmp_path / "log.jsonl"))[1:] == [TRAIN, EVALUATED]
    found = read_scalars(tmp_path / "events")
    assert found["train/loss_nats"] == [(3, 1.25)] and found["test/bits_per_base/yeast"] == [(3, 1.75)]


def test_a_resumed_run_replaces_what_came_after_its_checkpoint(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    first, resumed = EventFile(tmp_path), EventFile(tmp_path)
    for step in (1, 2, 3, 4):
        first(TRAIN | {"step": step})
    for step in (3, 4, 5):
        resumed(TRAIN | {"step": step, "loss_nats": 1.0})
    assert read_scalars(tmp_path)["train/loss_nats"] == [(1, 1.25), (2, 1.25), (3, 1.0), (4, 1.0), (5, 1.0)]


def run(recipe: Path, directory: Path, *overrides: str, **options: Any) -> None:
    PretrainJob(read_recipe(recipe, ("schedule.steps=2", *overrides)), directory).run(**options)


def test_a_run_writes_events_where_they_are_wanted(recipe_path: Path, tmp_path: Path) -> None:
    """Unasked where TensorBoard is installed; the run is the same with and without, to the last bit."""
    run(recipe_path, tmp_path / "unasked")
    run(recipe_path, tmp_path / "without", "log.tensorboard=false")
    assert (tmp_path / "unasked" / EVENTS).is_dir() == has_tensorboard()
    assert not (tmp_path / "without" / EVENTS).exists()
    weights = [(tmp_path / name / "model" / "model.safetensors").read_bytes() for name in ("unasked", "without")]
    assert weights[0] == weights[1]
    if has_tensorboard():
        found = read_scalars(tmp_path / "unasked" / EVENTS)
        assert [step for step, _ in found["train/loss_nats"]] == [1, 2] and "test/bits_per_base/genome" in found
        run(recipe_path, tmp_path / "unasked", "log.tensorboard=false", force=True)
        assert not (tmp_path / "unasked" / EVENTS).exists()


def test_asked_for_and_not_installed(recipe_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said before anything is written."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "tensorboard"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(InputError, match=r"needs tensorboard, which is not installed; pip install 'dna-mamba\[tens"):
        run(recipe_path, tmp_path / "run", "log.tensorboard=true")
    assert not (tmp_path / "run").exists()


def test_a_run_may_be_resumed_without_events(recipe_path: Path, tmp_path: Path) -> None:
    run(recipe_path, tmp_path / "run")
    run(recipe_path, tmp_path / "run", "log.tensorboard=false", resume=True)
