"""The directory of a run: begun, held, resumed, refused, and safe from a power cut."""

import fcntl
import json
import os

import pytest

from dna_mamba.errors import InputError, MachineError
from dna_mamba.runs import (
    Progress,
    check_resumable,
    earlier_fact,
    is_file_target,
    kept_progress,
    progress_directory,
    progress_for,
)
from dna_mamba.runs.progress import difference
from tests.runs.disk import Disk, Synced

FACTS = {"input": "f00d", "context": "21"}


@pytest.fixture
def directory(tmp_path):
    return progress_directory(tmp_path / "out.vcf")


def begin(directory, facts=FACTS, provenance=("##first",), **options):
    with Progress(directory, facts, provenance, **options) as progress:
        return progress.provenance


def test_it_lies_beside_the_output(tmp_path):
    assert progress_directory(tmp_path / "out.vcf") == tmp_path / ".out.vcf.progress"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "real.vcf")
    assert progress_directory(tmp_path / "link") == tmp_path / "elsewhere" / ".real.vcf.progress"


@pytest.mark.parametrize("letter", ["a", "é", "漢", "\udcff"])
def test_names_of_any_length_and_bytes(tmp_path, letter):
    name = letter * (255 // len(os.fsencode(letter)))
    made = progress_directory(tmp_path / name)
    made.mkdir()
    kept = made.name.removeprefix(".").removesuffix(".progress")
    assert name.startswith(kept) and 197 < len(os.fsencode(kept)) <= 200


def test_what_is_a_file_target(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "there").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "there")
    for target in ("new", "there", "link"):
        assert is_file_target(tmp_path / target)
        check_resumable(tmp_path / target)
    for target in ("-", "/dev/null", tmp_path / "pipe", tmp_path):
        assert not is_file_target(target)
        with pytest.raises(InputError, match="--resume: only a run that writes a file can be resumed; give -o OUT"):
            check_resumable(target)


def test_what_an_earlier_run_left_is_found(tmp_path, directory):
    target = tmp_path / "out.vcf"
    assert kept_progress(target) is None and earlier_fact(target, "context") is None
    begin(directory)
    assert kept_progress(target) == directory
    assert earlier_fact(target, "context") == "21" and earlier_fact(target, "no such fact") is None
    for damaged in (b"{", b"[]", b'{"run": 3}', b"\xff", b""):
        (directory / "run.json").write_bytes(damaged)
        assert earlier_fact(target, "context") is None


def test_a_new_run_writes_what_it_is(directory):
    assert begin(directory, {"name": "\udcff"}, ["##ü", "##\udcfe"]) == ["##ü", "##\udcfe"]
    said = json.loads((directory / "run.json").read_text(errors="surrogateescape"))
    assert said == {"run": {"name": "\udcff"}, "provenance": ["##ü", "##\udcfe"]}
    assert begin(directory, {"name": "\udcff"}, ["##other"], resume=True) == ["##ü", "##\udcfe"]


def test_an_earlier_run_is_neither_taken_over_nor_removed_unasked(directory):
    begin(directory)
    (directory / "part").write_text("done")
    with pytest.raises(InputError, match=r"\.out\.vcf\.progress: an earlier run stopped here; give --resume"):
        begin(directory)
    assert (directory / "part").read_text() == "done"
    begin(directory, resume=True)
    assert (directory / "part").read_text() == "done"
    begin(directory, resume=True, force=True)
    assert (directory / "part").read_text() == "done"
    begin(directory, force=True)
    assert not (directory / "part").exists()


@pytest.mark.parametrize(
    ("facts", "other"),
    [
        ({**FACTS, "context": "23"}, r"context \(21, here 23\)"),
        ({**FACTS, "shard": "1/2"}, r"shard \(None, here 1/2\)"),
        ({"input": "f00d"}, r"context \(21, here None\)"),
    ],
)
def test_another_run_is_refused_by_name(directory, facts, other):
    begin(directory)
    with pytest.raises(InputError, match=f"the run to resume had another {other}"):
        begin(directory, facts, resume=True)
    assert begin(directory, resume=True) == ["##first"]


def test_the_progress_of_what_is_no_file_goes_with_the_run(tmp_path):
    with progress_for(tmp_path / "out.vcf") as beside, progress_for("-") as elsewhere:
        assert beside == progress_directory(tmp_path / "out.vcf")
        begin(beside), begin(elsewhere)
        assert elsewhere.is_dir() and elsewhere != progress_directory("-")
    assert beside.is_dir() and not elsewhere.parent.exists()


def test_a_resumed_run_without_a_description_begins_anew(directory):
    begin(directory)
    (directory / "part").write_text("of which run?")
    (directory / "run.json").unlink()
    assert begin(directory, provenance=["##second"], resume=True) == ["##second"]
    assert not (directory / "part").exists()


@pytest.mark.parametrize("damaged", ["{", "[]", '{"run": {}}', '{"run": {}, "provenance": 3}', '"run"'])
def test_a_damaged_description_is_refused(directory, damaged):
    begin(directory)
    (directory / "run.json").write_text(damaged)
    with pytest.raises(InputError, match=r"another description \(it is damaged\)"):
        begin(directory, resume=True)


@pytest.mark.parametrize("options", [{}, {"resume": True}, {"force": True}, {"resume": True, "force": True}])
def test_one_process_at_a_time(directory, options):
    with Progress(directory, FACTS):
        with pytest.raises(InputError, match=r"\.out\.vcf\.progress: another run is at work on it; wait"):
            begin(directory, **options)
        assert json.loads((directory / "run.json").read_text())["run"] == FACTS
    begin(directory, resume=True)


def test_a_file_system_without_locks(directory, monkeypatch):
    def refuse(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    begin(directory)


def test_discarding_removes_everything(tmp_path, directory):
    with Progress(directory, FACTS) as progress:
        progress.discard()
    assert not list(tmp_path.iterdir())


def test_what_is_run_is_on_disk_before_the_work_begins(directory, monkeypatch):
    directory.mkdir()
    disk = Disk(directory, monkeypatch)
    with Progress(directory, FACTS, force=True):
        began = len(disk.events)
    written = disk.spelled.index("rename run.json")
    assert disk.spelled[written - 1] == "sync .run.json.partial"
    size = (directory / "run.json").stat().st_size
    before = disk.events[written - 1]
    assert isinstance(before, Synced) and before.sizes[".run.json.partial"] == size > 0
    # Its own name, and that of the directory in the directory above.
    assert "sync ." in disk.spelled[written:began] and "sync .." in disk.spelled[written:began]


def test_a_resumed_run_syncs_what_its_files_are_called(directory, monkeypatch):
    begin(directory)
    disk = Disk(directory, monkeypatch)
    begin(directory, resume=True)
    assert disk.spelled == ["sync .", "sync .."]


def test_what_is_left_is_gone_only_after_its_description(directory, monkeypatch):
    """A crash in between leaves parts without a run, which nobody resumes, never parts under another one."""
    begin(directory)
    (directory / "part").write_text("done")
    removed = []
    unlink = type(directory).unlink
    monkeypatch.setattr(type(directory), "unlink", lambda path, **how: (removed.append(path.name), unlink(path, **how)))
    begin(directory, force=True)
    assert removed[:2] == ["run.json", "part"]


def test_a_full_disk_is_named(directory, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MachineError, match="the disk is full"):
        begin(directory)


def test_the_first_difference_by_name():
    assert difference(FACTS, dict(FACTS)) is None
    assert difference({"a": "1", "b": "2"}, {"a": "1", "b": "3"}) == "b (3, here 2)"
    assert difference({"a": "1"}, {"a": "1", "z": "9"}) == "z (9, here None)"
    assert difference({"a": "x" * 99}, {"a": "y" * 99}) == f"a ({'y' * 64}, here {'x' * 64})"
    assert difference({"a": "1"}, ["a"]) == "description (it is damaged)"
