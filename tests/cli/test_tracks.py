"""The command as people run it, killed where it hurts."""

import gzip
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

import dna_mamba
from dna_mamba.checkpoints import save_model
from dna_mamba.cli.main import cli
from dna_mamba.runs.progress import progress_directory
from tests.worlds import random_sequence, small_model, write_fasta

SOURCES = [str(Path(dna_mamba.__file__).parents[1]), str(Path(dna_mamba.__file__).parents[1] / "kernels")]
WINDOWS = ["--window", "64", "--overlap", "16"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_fasta(tmp_path / "genome.fa", {"c": random_sequence(200), "d": "NN" + random_sequence(60, 1) + "NNNN"})
    save_model(small_model(), tmp_path / "model")
    return tmp_path


def tracks(*words, windows=WINDOWS):
    return CliRunner().invoke(cli, ["tracks", "-m", "model", "genome.fa", "--threads", "1", *windows, *words])


def rows(text):
    return [line.split("\t") for line in text.splitlines() if not line.startswith("#")]


def test_bedgraph_to_a_file_and_to_standard_output(here):
    result = tracks("-o", "out.bedgraph.gz", "--no-version")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "read 266 bp" in result.stderr and "ref-llr: out.bedgraph.gz" in result.stderr
    text = gzip.decompress((here / "out.bedgraph.gz").read_bytes()).decode()
    assert len(rows(text)) == 260 and text.startswith("#ref-llr: ln p(ref) - mean of ln p")
    assert rows(text)[200][:3] == ["d", "2", "3"]
    piped = tracks("-o", "-", "--no-version")
    assert (piped.exit_code, piped.stdout) == (0, text)
    assert sorted(path.name for path in here.iterdir()) == ["genome.fa", "model", "out.bedgraph.gz"]


def test_several_tracks_are_several_files(here):
    pyBigWig = pytest.importorskip("pyBigWig")
    words = ["--track", "entropy", "--track", "probability:A", "--track", "embedding:3", "--track", "entropy"]
    assert tracks("-o", "out.v1.bw", *words, "-r", "c:11-20").exit_code == 0
    names = ["out.v1.embedding-3.bw", "out.v1.entropy.bw", "out.v1.probability-A.bw"]
    assert sorted(path.name for path in here.glob("*out*")) == names
    with pyBigWig.open("out.v1.probability-A.bw") as bigwig:
        found = [(start, end) for start, end, _ in bigwig.intervals("c")]
        assert found == [(i, i + 1) for i in range(10, 20)]
        assert all(0 < value < 1 for _, _, value in bigwig.intervals("c"))


def test_provenance(here):
    assert tracks("-o", "out.bg").exit_code == 0
    first, second, third, *_ = (here / "out.bg").read_text().splitlines()
    assert first == f"##dna-mamba_tracksVersion={dna_mamba.__version__}"
    assert "weights_sha256=" in second and "reference_sha256=" in second and third.startswith("#ref-llr")


@pytest.mark.parametrize(("windows", "positions"), [(WINDOWS, 64 * 5 + 66), (["--window", "0"], 266)])
def test_an_estimate_writes_nothing(here, windows, positions):
    result = tracks("-o", "out.bw", "--dry-run", windows=windows)
    assert result.exit_code == 0
    facts = dict(line.split("\t") for line in result.stdout.splitlines())
    assert facts["bases"] == "266" and int(facts["positions"]) == positions
    assert float(facts["seconds"]) > 0 and not list(here.glob("*out*"))


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["-o", "out.txt"], "end it in .bw, .bedgraph"),
        (["-o", "-", "--track", "entropy", "--track", "ref-llr"], "2 tracks on standard output"),
        (["-o", "out.bw", "--track", "likelihood"], "there are ref-llr"),
        (["-o", "out.bw", "--track", "embedding:32"], "the model has 32 channels"),
        (["-o", "out.bw", "-r", "e"], "no contig 'e'"),
        (["-o", "out.bw", "--overlap", "64"], "less than the window"),
        (["-o", "gone/out.bw"], "no directory"),
        (["-o", "mine.bg"], "exists already"),
        ([], "Missing option '-o'"),
    ],
)
def test_mistakes(here, words, hint):
    (here / "mine.bg").write_text("mine")
    result = tracks(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert hint in result.stderr.splitlines()[-1]
    assert not list(here.glob("*out*")) and not list(here.glob(".*"))
    assert (here / "mine.bg").read_text() == "mine"


def start(*words):
    """The real program, parts of 200 bp, 20 ms a window, so that a kill finds it at work."""
    program = (
        "import time; from dna_mamba.scoring.tracks import job, reading; job.PART_BP = 200\n"
        "inner = reading._predict\n"
        "reading._predict = lambda *given: (time.sleep(0.02), inner(*given))[1]\n"
        "from dna_mamba.cli.main import main; main()"
    )
    path = os.pathsep.join([*SOURCES, os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", program, "tracks", "-m", "model", "long.fa", "--threads", "1", *WINDOWS]
    return subprocess.Popen(
        [*command, "--batch-size", "1", "--no-version", "--track", "ref-llr", "--track", "entropy", *words],
        env=os.environ | {"PYTHONPATH": path},
        stderr=subprocess.PIPE,
    )


def wait_for(parts, count, process):
    while len(list(parts.glob("*.f32"))) < count:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)


@pytest.mark.parametrize("suffix", ["bedgraph", "bw"])
def test_killed_twice_and_resumed_gives_the_same_bytes(here, suffix):
    if suffix == "bw":
        pytest.importorskip("pyBigWig")
    write_fasta(here / "long.fa", {"c": random_sequence(2500), "d": random_sequence(900, 1)})
    with start("-o", f"straight.{suffix}") as straight:
        _, said = straight.communicate(timeout=120)
    assert straight.returncode == 0, said
    parts = progress_directory(here / f"out.{suffix}")
    for count in (3, 8):
        with start("-o", f"out.{suffix}", "--resume") as process:
            wait_for(parts, count, process)
            process.kill()
        assert not list(here.glob("out*"))
    with start("-o", f"out.{suffix}", "--resume") as last:
        _, said = last.communicate(timeout=120)
    assert last.returncode == 0, said
    assert b"read 3,400 bp" not in said
    for name in ("ref-llr", "entropy"):
        whole = (here / f"straight.{name}.{suffix}").read_bytes()
        assert whole and (here / f"out.{name}.{suffix}").read_bytes() == whole
    assert not parts.exists() and not list(here.glob(".*"))
