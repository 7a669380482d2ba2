"""The command on a small set: run once, kept, run again when the rows change."""

import fcntl
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pipelines.benchmark.__main__ import main
from pipelines.benchmark.runs import Manner, Outcome, _alone, _identity, _run, done, seconds_by_method

PLAN = """
model: yeast-tiny
recipe: {folds: {n_folds: 2}}
runs: {probe: {how: probe, probe: {pooling: [mean], strands: [joined]}, baselines: [majority, gc-length]}}
sets:
  - {name: rich, title: Rich in G, source: made up, metric: auroc, table: rich.tsv}
  - {name: missing, title: Not there, source: made up, metric: auroc, table: missing.tsv}
"""


def make_rows(path, seed=0):
    chance = random.Random(seed)
    rows = [(letters, chance.choices(letters, k=30)) for letters in ("ACGT", "ACGTGG") for _ in range(20)]
    path.write_text("sequence\tlabel\n" + "".join(f"{''.join(s)}\t{'even' if w == 'ACGT' else 'g'}\n" for w, s in rows))


@pytest.fixture
def world(tmp_path):
    (tmp_path / "plan.yaml").write_text(PLAN)
    make_rows(tmp_path / "rich.tsv")
    page = tmp_path / "page.md"
    page.write_text("<!-- table: begin -->\n<!-- table: end -->\n")
    return tmp_path


def benchmark(world, *more):
    places = ["--plan", world / "plan.yaml", "--data", world, "-o", world / "runs", "--threads", 1, "--nice", 0]
    return main([*map(str, places), "--results", str(world / "r.json"), "--page", str(world / "page.md"), *more])


@pytest.mark.slow  # three runs of dna-mamba finetune
def test_a_set_is_run_once_and_kept_until_its_rows_change(world, capsys):
    assert benchmark(world) == 1  # one set is not there, and the other is run all the same
    rich, missing = json.loads((world / "r.json").read_text())["rows"]
    assert set(rich["columns"]) == {"probe", "majority", "GC, length"} and rich["runs"]["probe"]["n"] == 40
    assert rich["columns"]["majority"]["auroc"]["mean"] == 0.5 < rich["columns"]["GC, length"]["auroc"]["mean"]
    assert "missing.tsv" in missing["not_run"]["probe"] and missing["columns"] == {}
    assert "| Rich in G | auroc | 40 |" in (world / "page.md").read_text()

    results = world / "runs" / "rich" / "probe" / "results.json"
    first = results.stat().st_mtime_ns
    assert benchmark(world, "--only", "rich") == 0 and results.stat().st_mtime_ns == first
    assert benchmark(world, "--collect") == 0 and "not run yet): Not there." in (world / "page.md").read_text()
    assert benchmark(world, "--only", "rich", "--minutes", "0") == 0  # what is done needs no time

    make_rows(world / "rich.tsv", seed=1)
    assert benchmark(world, "--only", "rich") == 0 and results.stat().st_mtime_ns > first
    capsys.readouterr()
    assert benchmark(world, "--only", "poor") == 2
    assert "no set 'poor'" in capsys.readouterr().err


def test_a_run_is_kept_for_its_recipe_rows_and_weights_alone(tmp_path):
    recipe, table, directory = {"model": "yeast-tiny", "seeds": 1}, tmp_path / "data.tsv", tmp_path / "probe"
    table.write_text("sequence\tlabel\n")
    assert done(recipe, table, directory) is None
    directory.mkdir()
    (directory / "results.json").write_text('{"methods": {}}')
    (directory / "log.jsonl").write_text("")
    (tmp_path / "probe.json").write_bytes(_identity(recipe, table))
    assert done(recipe, table, directory) == Outcome({"methods": {}}, {})
    assert done(recipe | {"seeds": 2}, table, directory) is None
    table.write_text("sequence\tlabel\nA\tb\n")
    assert done(recipe, table, directory) is None


def test_seconds_add_up_over_trainings(tmp_path):
    rows = [{"event": "unit", "method": "a", "seconds": 1.5}, {"event": "epoch"}]
    rows += [{"event": "unit", "method": "a", "seconds": 2.0}, {"event": "unit", "method": "b", "seconds": 1.0}]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert seconds_by_method(tmp_path / "log.jsonl") == {"a": 3.5, "b": 1.0}


WAITS = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(75))
print("there", flush=True)
time.sleep(60)
"""


def said_of(command, folder, deadline=None, nice=0):
    with _alone(folder / "run.lock") as lock:
        return _run([sys.executable, "-c", command], folder / "said.txt", Manner("cpu", 1, nice, deadline), lock)


def when_there(output, act):
    def wait():
        while not (output.exists() and output.read_text()):
            time.sleep(0.02)
        act()

    threading.Thread(target=wait).start()


def test_a_signal_is_passed_on_to_the_run(tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    when_there(tmp_path / "said.txt", lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert said_of(WAITS, tmp_path) == (75, "there")
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_run_stands_back_and_is_stopped_when_the_time_is_over(tmp_path):
    own = os.nice(0)
    for nice in (own + 1, own, 0):  # never less than this process does
        assert said_of("import os; print(os.nice(0))", tmp_path, nice=nice) == (0, str(min(max(nice, own), 19)))
    assert said_of("import time; time.sleep(60)", tmp_path, deadline=time.monotonic() + 0.5) == (-signal.SIGTERM, "")
    assert Manner("cpu", 1, 0, time.monotonic()).is_over and not Manner("cpu", 1).is_over


PARENT = """
import sys
from pathlib import Path
from pipelines.benchmark.runs import Manner, _alone, _run
with _alone(Path("run.lock")) as lock:
    _run([sys.executable, "-c", sys.argv[1]], Path("said.txt"), Manner("cpu", 1), lock)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal at a parent's death is Linux's")
def test_a_run_ends_with_a_benchmark_that_was_killed_and_the_next_one_waits_for_it(tmp_path):
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", PARENT, WAITS]
    parent = subprocess.Popen(command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(root)})
    while not ((tmp_path / "said.txt").exists() and (tmp_path / "said.txt").read_text()):
        time.sleep(0.05)
    with open(tmp_path / "run.lock", "ab") as stream, pytest.raises(BlockingIOError):
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the run holds it
    parent.kill()
    parent.wait()
    started = time.monotonic()
    with _alone(tmp_path / "run.lock"):
        assert time.monotonic() - started < 50  # it would have slept for 60 s
