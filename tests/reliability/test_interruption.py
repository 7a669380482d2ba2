"""Rows 14 and 18: killed, told to stop, out of disk; what is left, and that resuming gives the same bytes."""

import errno
import os
import signal
import time
from pathlib import Path

import pytest

from dna_mamba.cli.exits import TerminatedError
from dna_mamba.errors import MachineError
from dna_mamba.runs import LineStore, progress_directory
from tests.reliability.desk import fails, furnish, score, spawn, words

JOURNAL = Path(".out.vcf.progress/journal")


def wait_for_blocks(process, n_blocks):
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        if JOURNAL.exists() and JOURNAL.read_bytes().count(b"\n") >= n_blocks:
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.002)
    raise AssertionError("no block was finished in time")


def test_row_14_killed_and_resumed_to_the_same_bytes(here: Path):
    furnish(here, n_records=500)
    more = ("--batch-size", "2", "-o", "out.vcf", "--no-version")
    assert score(*more[:2], "-o", "whole.vcf", "--no-version").exit_code == 0
    process = spawn(words(*more))
    wait_for_blocks(process, 1)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (here / "out.vcf").exists() and JOURNAL.exists()
    refused = score(*more)
    assert refused.exit_code == 2 and "an earlier run stopped here; give --resume" in refused.stderr
    result = score("--resume", *more)
    assert result.exit_code == 0, result.stderr
    assert "500 records in and out" in result.stderr
    assert (here / "out.vcf").read_bytes() == (here / "whole.vcf").read_bytes()
    assert not list(here.glob(".*"))


def test_row_14_a_request_to_stop_keeps_what_is_done(here: Path):
    """75 tells a scheduler to run the same command again."""
    furnish(here, n_records=500)
    assert score("-o", "whole.vcf", "--no-version", "--batch-size", "2").exit_code == 0
    process = spawn(words("--batch-size", "2", "-o", "out.vcf", "--no-version", "--resume"))
    wait_for_blocks(process, 1)
    process.terminate()
    _, said = process.communicate()
    assert process.returncode == 75
    assert said.splitlines()[-1].endswith(".out.vcf.progress: stopped, what was done is kept; run it again")
    assert score("--resume", "-o", "out.vcf", "--no-version").exit_code == 0
    assert (here / "out.vcf").read_bytes() == (here / "whole.vcf").read_bytes()


class Stop:
    """Lets a run keep some blocks, then fails."""

    def __init__(self, monkeypatch, n_blocks, error):
        self.left, self.error, self.commit = n_blocks, error, LineStore.commit
        monkeypatch.setattr(LineStore, "commit", lambda progress, *block: self(progress, *block))

    def __call__(self, progress, *block):
        if not self.left:
            raise self.error
        self.left -= 1
        self.commit(progress, *block)


@pytest.mark.parametrize("suffix", ["vcf.gz", "bcf", "tsv", "parquet"])
@pytest.mark.parametrize("shard", [(), ("--shard", "1/2")])
def test_row_14_every_format_is_resumed(here: Path, monkeypatch, suffix: str, shard: tuple[str, ...]):
    assert score("-o", f"whole.{suffix}", *shard, "--no-version").exit_code == 0
    more = ("-o", f"out.{suffix}", *shard, "--no-version")
    with monkeypatch.context() as patched:
        Stop(patched, 1, KeyboardInterrupt())
        stopped = score(*more)
    assert stopped.exit_code == 130
    assert "the same command with --resume resumes it" in stopped.stderr
    assert not (here / f"out.{suffix}").exists()
    assert score("--resume", *more).exit_code == 0
    assert (here / f"out.{suffix}").read_bytes() == (here / f"whole.{suffix}").read_bytes()


@pytest.mark.parametrize(("more", "code"), [((), 143), (("--resume",), 75)])
def test_row_14_codes_of_a_request_to_stop(here: Path, monkeypatch, more: tuple[str, ...], code: int):
    Stop(monkeypatch, 1, TerminatedError(signal.SIGTERM))
    result = score("-o", "out.vcf", *more)
    assert result.exit_code == code
    assert JOURNAL.exists() and not (here / "out.vcf").exists()


def test_row_14_header_lines_are_those_of_the_run_that_began(here: Path, monkeypatch):
    with monkeypatch.context() as patched:
        Stop(patched, 2, KeyboardInterrupt())
        monkeypatch.setattr("sys.argv", ["dna-mamba", "score", "first"])
        assert score("-o", "out.vcf").exit_code == 130
    monkeypatch.setattr("sys.argv", ["dna-mamba", "score", "second"])
    assert score("-o", "out.vcf", "--resume").exit_code == 0
    text = (here / "out.vcf").read_text()
    assert "dna-mamba score first; weights" in text and "dna-mamba score second" not in text


def test_row_14_another_run_is_not_resumed(here: Path, monkeypatch):
    with monkeypatch.context() as patched:
        Stop(patched, 1, KeyboardInterrupt())
        assert score("-o", "out.vcf").exit_code == 130
    for more, hint in {
        ("--context", "23"): "another context (21, here 23)",
        ("--scores", "entropy"): "another scores (llr, here entropy)",
        ("--check-ref", "s"): "another check_ref (w, here s)",
        ("--batch-size", "3"): "another batch_size",
        ("--shard", "1/2"): "another shard (1/1, here 1/2)",
        ("-O", "t"): "another lines (records, here table)",
        ("-r", "c:5-90"): "another regions (all, here c:5-90)",
    }.items():
        refused = score("-o", "out.vcf", "--resume", *more)
        assert refused.exit_code == 2 and hint in refused.stderr, refused.stderr
    (here / "in.vcf").write_text((here / "in.vcf").read_text().replace("rs9\t", "rs99\t"))
    refused = score("-o", "out.vcf", "--resume")
    assert refused.exit_code == 2 and "another input" in refused.stderr
    assert JOURNAL.exists()
    assert score("-o", "out.vcf", "--force").exit_code == 0
    assert not JOURNAL.exists() and "rs99\t" in (here / "out.vcf").read_text()


@pytest.mark.parametrize("damage", ["torn journal", "torn block", "no run.json"])
def test_row_14_a_torn_end_costs_a_block_at_most(here: Path, monkeypatch, damage: str):
    assert score("-o", "whole.vcf", "--no-version").exit_code == 0
    with monkeypatch.context() as patched:
        Stop(patched, 3, KeyboardInterrupt())
        assert score("-o", "out.vcf", "--no-version").exit_code == 130
    directory = progress_directory("out.vcf")
    if damage == "torn journal":
        JOURNAL.write_bytes(JOURNAL.read_bytes()[:-5])
    elif damage == "torn block":
        with open(directory / "blocks", "ab") as blocks:
            blocks.write(b"half a blo")
    else:
        (directory / "run.json").unlink()
    assert score("-o", "out.vcf", "--no-version", "--resume").exit_code == 0
    assert (here / "out.vcf").read_bytes() == (here / "whole.vcf").read_bytes()


def test_row_14_damage_to_what_is_kept_is_found(here: Path, monkeypatch):
    with monkeypatch.context() as patched:
        Stop(patched, 3, KeyboardInterrupt())
        assert score("-o", "out.vcf").exit_code == 130
    blocks = progress_directory("out.vcf") / "blocks"
    damaged = bytearray(blocks.read_bytes())
    damaged[len(damaged) // 2] ^= 16
    blocks.write_bytes(damaged)
    refused = score("-o", "out.vcf", "--resume")
    assert refused.exit_code == 2 and "damaged" in refused.stderr.splitlines()[-1]
    assert not (here / "out.vcf").exists()


def test_row_14_a_damaged_description_is_not_resumed(here: Path, monkeypatch):
    with monkeypatch.context() as patched:
        Stop(patched, 1, KeyboardInterrupt())
        assert score("-o", "out.vcf").exit_code == 130
    for damaged in ("{", "[]", '{"run": {}}'):
        (progress_directory("out.vcf") / "run.json").write_text(damaged)
        refused = score("-o", "out.vcf", "--resume")
        assert refused.exit_code == 2 and "another description (it is damaged); give" in refused.stderr
    assert score("-o", "out.vcf", "--force").exit_code == 0


def test_an_input_that_changes_meanwhile_is_refused(here: Path, monkeypatch):
    commit = LineStore.commit

    def meddle(progress, *block):
        os.utime("in.vcf", ns=(1, 1))
        commit(progress, *block)

    monkeypatch.setattr(LineStore, "commit", meddle)
    fails(score("-o", "out.vcf"), 2, "in.vcf: changed while it was being read")


def test_two_runs_do_not_share_their_progress(here: Path):
    fails(score("--resume"), 2, "--resume: only a run that writes a file can be resumed")
    with LineStore(progress_directory("out.vcf"), {"input": "x"}):
        refused = score("-o", "out.vcf", "--resume")
    assert refused.exit_code == 2 and "another run is at work on it" in refused.stderr


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_row_18_a_full_disk_keeps_the_old_file(here: Path, monkeypatch, code: int):
    (here / "out.vcf").write_text("mine")
    real, left = os.fsync, [6]

    def full(descriptor):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(code, os.strerror(code))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    result = score("-o", "out.vcf", "--force")
    assert result.exit_code == 3
    assert "is full" in result.stderr or "quota" in result.stderr
    assert (here / "out.vcf").read_text() == "mine"
    monkeypatch.setattr(os, "fsync", real)
    assert score("-o", "out.vcf", "--force", "--resume").exit_code == 0
    assert (here / "out.vcf").read_text() != "mine"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_row_18_a_full_device(here: Path):
    result = score("-o", "/dev/full", "-O", "v")
    assert result.exit_code == 3 and "disk is full" in result.stderr.splitlines()[-1]


def test_row_18_the_machine_is_named(here: Path, monkeypatch):
    Stop(monkeypatch, 1, MachineError("the disk is full", place="here", remedy="free some space"))
    result = score("-o", "out.vcf")
    assert result.exit_code == 3
    assert result.stderr.splitlines()[-2].endswith("the same command with --resume resumes it")
