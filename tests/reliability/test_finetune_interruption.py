"""Fine-tuning that is killed, asked to stop or out of disk ends, resumed, with the bytes of a run that was not."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import dna_mamba
from tests.reliability import faulty
from tests.training.finetune.desk import furnish, outputs

_ROOT = Path(dna_mamba.__file__).parents[1]
_COMMON = "finetune data.tsv -m model --n-folds 2 --threads 1 --device cpu"
RUNS = {
    "probe": f"{_COMMON} --baselines majority,random-weights",
    "full": f"{_COMMON} --baselines majority --how full --epochs 3 --learning-rate 0.0005"
    " --set training.batch_sequences=8 --set training.patience=3",
}


class Ended(NamedTuple):
    """How a run ended, what it said, and how it changed the disk."""

    code: int
    stderr: str
    changes: list[str]

    @property
    def complaints(self) -> list[str]:
        return [line for line in self.stderr.splitlines() if line.startswith("dna-mamba: ")]


class Bench:
    """A directory with a model and rows, and runs over them in children of another process."""

    def __init__(self, directory: Path) -> None:
        self.directory = furnish(directory, n_rows=48)
        path = os.pathsep.join([str(_ROOT), str(_ROOT / "kernels"), os.environ.get("PYTHONPATH", "")])
        self._server = subprocess.Popen(
            [sys.executable, "-m", faulty.__name__], cwd=_ROOT, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        self._undisturbed: dict[str, Ended] = {}
        self._n_runs = 0

    def fresh(self) -> str:
        """A new directory's name, of which no name of a file is a part."""
        self._n_runs += 1
        return f"run-{self._n_runs}"

    def run(self, how: str, run: str, *more: str, fault: dict[str, Any] | None = None) -> Ended:
        said = {name: str(self.directory / f"{name}.txt") for name in ("stdout", "stderr", "changes")}
        words = [*RUNS[how].split(), "-o", run, *more]
        request = {**said, "words": words, "directory": str(self.directory), "fault": fault}
        assert self._server.stdin is not None and self._server.stdout is not None
        print(json.dumps(request), file=self._server.stdin, flush=True)
        code = json.loads(self._server.stdout.readline())
        changes = Path(said["changes"]).read_text().splitlines() if code != -signal.SIGKILL else []
        return Ended(code, Path(said["stderr"]).read_text(), changes)

    def whole(self, how: str) -> Ended:
        """A run that nothing happens to, done once, in a directory of the name of ``how``."""
        if how not in self._undisturbed:
            self._undisturbed[how] = self.run(how, how)
            assert self._undisturbed[how].code == 0, self._undisturbed[how].stderr
        return self._undisturbed[how]

    def resumes_to_the_bit(self, how: str, run: str) -> Ended:
        """Resume a run; what it leaves is what the run that nothing happened to left, and nothing besides."""
        self.whole(how)
        ended = self.run(how, run, "--resume")
        assert ended.code == 0, ended.stderr
        assert outputs(self.directory, run) == outputs(self.directory, how)
        names = [sorted(path.name for path in (self.directory / name).rglob("*")) for name in (run, how)]
        assert names[0] == names[1]
        return ended

    def close(self) -> None:
        self._server.communicate(timeout=60)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    found = Bench(tmp_path_factory.mktemp("bench"))
    yield found
    found.close()


def fault(what: str, text: str, nth: int = 1) -> dict[str, Any]:
    return {"what": what, "text": text, "nth": nth}


SLOW = pytest.mark.slow
QUICK = ("vectors are kept", "an answer is kept", "results are written", "a checkpoint is kept")
MOMENTS = {
    "the recipe is written": ("probe", "recipe.yaml", 1),
    "vectors are kept": ("probe", "000000.f32", 1),
    "an answer is kept": ("probe", "probe-fold-1-seed-0.json", 1),
    "a baseline is embedded": ("probe", "000000.f32", 2),
    "predictions are written": ("probe", "predictions.tsv", 1),
    "the model is written": ("probe", "/model", 1),
    "results are written": ("probe", "results.json", 1),
    "work is removed": ("probe", "rmdir", 2),
    "the best epoch is kept": ("full", "best", 2),
    "a checkpoint is kept": ("full", "checkpoints/step-", 4),
    "an answer of a training is kept": ("full", "full-fold-0-seed-0.json", 1),
    "the last training has begun": ("full", "trainings/model", 2),
}


@pytest.mark.parametrize(
    "moment", [pytest.param(moment, marks=() if moment in QUICK else SLOW) for moment in MOMENTS]
)
def test_killed_and_resumed_to_the_same_bytes(bench: Bench, moment: str) -> None:
    how, text, nth = MOMENTS[moment]
    run = bench.fresh()
    ended = bench.run(how, run, fault=fault("kill", text, nth))
    assert ended.code == -signal.SIGKILL, ended.stderr
    bench.resumes_to_the_bit(how, run)


@pytest.mark.parametrize(
    ("how", "text", "nth"),
    [
        pytest.param("probe", "000000.f32", 1, marks=SLOW),
        ("probe", "majority-fold-0", 1),
        ("full", "checkpoints/step-", 2),
        pytest.param("full", "best", 1, marks=SLOW),
    ],
)
def test_a_request_to_stop_ends_with_75_in_one_line(bench: Bench, how: str, text: str, nth: int) -> None:
    run = bench.fresh()
    ended = bench.run(how, run, fault=fault("stop", text, nth))
    assert (ended.code, len(ended.complaints)) == (75, 1), ended.stderr
    assert "SIGTERM" in ended.stderr.splitlines()[-1] and "with --resume" in ended.stderr.splitlines()[-1]
    assert not (bench.directory / run / "results.json").exists()
    bench.resumes_to_the_bit(how, run)


@pytest.mark.parametrize(
    ("how", "text"),
    [
        pytest.param("probe", "000000.f32", marks=SLOW),
        pytest.param("probe", "majority-fold-0", marks=SLOW),
        ("probe", "predictions.tsv"),
        ("full", "checkpoints/step-"),
        pytest.param("full", "best", marks=SLOW),
    ],
)
def test_a_full_disk_ends_with_3_in_one_line(bench: Bench, how: str, text: str) -> None:
    run = bench.fresh()
    ended = bench.run(how, run, fault=fault("full", text))
    assert (ended.code, len(ended.complaints)) == (3, 1), ended.stderr
    assert "the disk is full" in ended.stderr.splitlines()[-1]
    bench.resumes_to_the_bit(how, run)


def stopped(bench: Bench, how: str, text: str, nth: int = 1) -> Path:
    run = bench.fresh()
    assert bench.run(how, run, fault=fault("kill", text, nth)).code == -signal.SIGKILL
    return bench.directory / run


def test_a_damaged_checkpoint_costs_its_training_and_is_told(bench: Bench) -> None:
    run = stopped(bench, "full", "full-fold-1-seed-0/checkpoints/step-", 3)
    (weights,) = run.glob("trainings/*/checkpoints/step-*/model.safetensors")
    content = bytearray(weights.read_bytes())
    content[-5] ^= 16
    weights.write_bytes(content)
    ended = bench.resumes_to_the_bit("full", run.name)
    assert "full-fold-1-seed-0 is trained again from its first step" in ended.stderr


def test_damaged_weights_of_the_best_epoch_are_named(bench: Bench) -> None:
    run = stopped(bench, "full", "full-fold-1-seed-0.json")
    (best,) = run.glob("trainings/*/best/model.safetensors")
    best.write_bytes(best.read_bytes()[:-9])
    rows = [json.loads(line) for line in (best.parents[1] / "log.jsonl").read_text().splitlines()]
    losses = [row["loss"] for row in rows if row["event"] == "evaluate"]
    assert min(losses) < losses[-1], "the last epoch is judged again, and would replace the damaged weights"
    ended = bench.run("full", run.name, "--resume")
    assert (ended.code, len(ended.complaints)) == (2, 1), ended.stderr
    assert "weights of the best epoch" in ended.stderr and "--resume trains it again" in ended.stderr.splitlines()[-1]
    shutil.rmtree(best.parents[1])
    bench.resumes_to_the_bit("full", run.name)


def test_a_damaged_answer_is_named_and_done_again_once_removed(bench: Bench) -> None:
    run = stopped(bench, "probe", "probe-fold-1-seed-0.json")
    answer = run / "progress" / "probe-fold-0-seed-0.json"
    content = bytearray(answer.read_bytes())
    content[len(content) // 2] ^= 1
    answer.write_bytes(content)
    ended = bench.run("probe", run.name, "--resume")
    assert (ended.code, len(ended.complaints)) == (2, 1) and "probe-fold-0-seed-0.json: is damaged" in ended.stderr
    answer.unlink()
    bench.resumes_to_the_bit("probe", run.name)


def test_vectors_cut_short_are_computed_again(bench: Bench) -> None:
    run = stopped(bench, "probe", "probe-fold-0-seed-0.json")
    (part,) = run.glob("embeddings/pretrained/ref/*.f32")
    os.truncate(part, 12)
    bench.resumes_to_the_bit("probe", run.name)


def test_another_recipe_is_refused_and_leaves_the_run_as_it_was(bench: Bench) -> None:
    run = stopped(bench, "probe", "probe-fold-1-seed-0.json")
    before = (run / "recipe.yaml").read_bytes()
    ended = bench.run("probe", run.name, "--resume", "--set", "folds.seed=7")
    assert ended.code == 2 and "another recipe" in ended.stderr.splitlines()[-1]
    assert (run / "recipe.yaml").read_bytes() == before
    bench.resumes_to_the_bit("probe", run.name)
    ended = bench.run("probe", run.name, "--resume", "--set", "folds.seed=7")
    assert ended.code == 2 and "results of another recipe" in ended.stderr.splitlines()[-1]
    assert outputs(bench.directory, run.name) == outputs(bench.directory, "probe")


@SLOW
@pytest.mark.parametrize("how", RUNS)
def test_killed_before_any_change_of_the_disk(bench: Bench, how: str) -> None:
    """A sample of all changes, evenly spread."""
    n_changes = len(bench.whole(how).changes)
    for number in range(1, n_changes + 1, max(1, n_changes // 25)):
        run = bench.fresh()
        assert bench.run(how, run, fault=fault("kill", "", number)).code == -signal.SIGKILL, f"change {number}"
        bench.resumes_to_the_bit(how, run)
