"""``dna-mamba plot`` as its users meet it: one run, several, one that is going on, and what is not a run."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dna_mamba.cli.main import cli

pytest.importorskip("matplotlib")


def write_run(directory: Path, steps: int = 20) -> Path:
    directory.mkdir(parents=True)
    rows = [{"event": "start", "step": 0}]
    rows += [
        {"event": "train", "step": step, "loss_nats": 1.3 - step / 1e3, "seconds": 0.5, "tokens": 50}
        for step in range(1, steps + 1)
    ]
    rows.append({"event": "evaluate", "step": steps, "split": "validation", "bits_per_base": 1.3 / math.log(2)})
    (directory / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return directory


def plot(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, ["plot", *map(str, words)])


@pytest.mark.parametrize(("suffix", "begins"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_runs_become_a_figure(tmp_path: Path, suffix: str, begins: bytes) -> None:
    runs = [write_run(tmp_path / name) for name in ("a", "b")]
    out = tmp_path / f"curve.{suffix}"
    result = plot(*runs, "-o", out, "--against", "tokens")
    assert result.exit_code == 0 and f"figure: {out}" in result.stderr
    assert out.read_bytes().startswith(begins)


def test_names_in_the_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run is called by its directory, or by what was typed where two directories are called the same."""
    monkeypatch.setitem(pytest.importorskip("matplotlib").rcParams, "svg.fonttype", "none")
    runs = [write_run(tmp_path / name) for name in ("x/run", "y/run", "other")]
    assert plot(*runs, "-o", tmp_path / "out.svg", "--title", "Three").exit_code == 0
    text = (tmp_path / "out.svg").read_text()
    assert all(f"{name}, validation: 1.8755" in text for name in (runs[0], runs[1], "other")) and "Three" in text


def test_a_run_that_is_going_on(tmp_path: Path) -> None:
    """A row that is being written is left for the next time."""
    run = write_run(tmp_path / "run")
    with (run / "log.jsonl").open("a") as stream:
        stream.write('{"event": "train", "ste')
    assert plot(run, "-o", tmp_path / "out.png").exit_code == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "is not a run: it has no log.jsonl"),
        ("", "the log holds no training step"),
        ("a\tb\n", "holds a line that is not JSON"),
        ('{"loss": 3}\n', "is not the log of a run"),
        ("[1]\n", "is not the log of a run"),
    ],
)
def test_what_is_not_a_run(tmp_path: Path, content: str | None, words: str) -> None:
    (tmp_path / "run").mkdir()
    if content is not None:
        (tmp_path / "run" / "log.jsonl").write_text(content)
    result = plot(tmp_path / "run", "-o", tmp_path / "out.svg")
    assert result.exit_code == 2 and words in result.stderr and len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "out.svg").exists()


def test_other_mistakes(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    (tmp_path / "old.svg").write_text("old")
    for words, hint in (
        ([run, run, "-o", tmp_path / "out.svg"], "is given twice; name each run once"),
        ([run, "-o", tmp_path / "out.gif"], "figure format 'gif'"),
        ([run, "-o", tmp_path / "old.svg"], "exists already"),
        ([tmp_path / "nowhere", "-o", tmp_path / "out.svg"], "is not a run"),
        ([run], "Missing option '-o'"),
        (["-o", tmp_path / "out.svg"], "Missing argument 'RUN...'"),
    ):
        result = plot(*words)
        assert result.exit_code == 2 and hint in result.stderr
    assert (tmp_path / "old.svg").read_text() == "old"
    assert plot(run, "-o", tmp_path / "old.svg", "--force").exit_code == 0


def test_torch_is_not_needed(tmp_path: Path) -> None:
    """Looking at a curve does not wait for what trains it."""
    run = write_run(tmp_path / "run")
    program = (
        "import sys\nsys.modules['torch'] = None\n"
        f"from dna_mamba.cli.main import cli\ncli.main(['plot', {str(run)!r}, '-o', {str(tmp_path / 'out.svg')!r}])"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
