import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap

import pytest

from dna_mamba.errors import InputError, MachineError
from dna_mamba.io.atomic import atomic_directory, atomic_output, check_target


class Crash(BaseException):
    """Not an Exception, as KeyboardInterrupt is not one."""


def test_the_name_appears_at_the_end(tmp_path):
    target = tmp_path / "out.txt"
    with atomic_output(target) as file:
        file.write(b"whole")
        assert not target.exists()
    assert target.read_bytes() == b"whole"
    assert os.listdir(tmp_path) == ["out.txt"]


@pytest.mark.parametrize("error", [ValueError, Crash, KeyboardInterrupt])
def test_nothing_is_left_after_an_exception(tmp_path, error):
    target = tmp_path / "out.txt"
    with pytest.raises(error), atomic_output(target) as file:
        file.write(b"half")
        raise error
    assert os.listdir(tmp_path) == []
    target.write_bytes(b"old")
    with pytest.raises(error), atomic_output(target, force=True) as file:
        file.write(b"half")
        raise error
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["out.txt"]


def test_an_existing_target_needs_force(tmp_path):
    target = tmp_path / "out.txt"
    target.write_bytes(b"old")
    with pytest.raises(InputError, match=r"out\.txt: exists already; give --force"), atomic_output(target):
        pass
    with atomic_output(target, force=True) as file:
        file.write(b"new")
    assert target.read_bytes() == b"new"


def test_no_directory(tmp_path):
    with pytest.raises(InputError, match="no directory"), atomic_output(tmp_path / "absent" / "out.txt"):
        pass
    with pytest.raises(InputError, match="is a URL"), atomic_output("s3://bucket/out.txt"):
        pass


def test_mode_follows_the_umask(tmp_path):
    previous = os.umask(0o027)
    try:
        with atomic_output(tmp_path / "file"):
            pass
        with atomic_directory(tmp_path / "directory"):
            pass
    finally:
        os.umask(previous)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "directory").stat().st_mode & 0o777 == 0o750


def test_links_are_followed_and_long_names_fit(tmp_path):
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.write_bytes(b"old")
    link.symlink_to(real)
    with atomic_output(link, force=True) as file:
        file.write(b"new")
    assert link.is_symlink() and real.read_bytes() == b"new"
    with atomic_output(tmp_path / ("x" * 255)) as file:
        file.write(b"long")
    assert (tmp_path / ("x" * 255)).read_bytes() == b"long"


def test_standard_output(capfdbinary):
    with atomic_output("-") as file:
        file.write(b"data")
    assert capfdbinary.readouterr().out == b"data"


needs_a_full_device = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="/dev/full is Linux's")


@needs_a_full_device
def test_a_full_disk_is_the_machines_fault():
    message = "/dev: the disk is full while writing '/dev/full'"
    with pytest.raises(MachineError, match=message), atomic_output("/dev/full") as file:
        file.write(bytes(1 << 20))
    with atomic_output("/dev/null") as file:
        file.write(b"gone")


@needs_a_full_device
def test_a_full_disk_leaves_the_old_file(tmp_path):
    target = tmp_path / "out.txt"
    target.write_bytes(b"old")
    with pytest.raises(MachineError, match="free some space"), atomic_output(target, force=True) as file:
        file.write(b"half")
        with open("/dev/full", "wb", buffering=0) as full:
            full.write(b"x")
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["out.txt"]


@pytest.mark.parametrize("kind", ["output", "directory"])
def test_kill_leaves_the_old_one(tmp_path, kind):
    target = tmp_path / "out"
    if kind == "output":
        target.write_bytes(b"old")
    else:
        target.mkdir()
        (target / "file").write_bytes(b"old")
    program = f"""
        import os, signal
        from dna_mamba.io.atomic import atomic_directory, atomic_output
        with atomic_{kind}({str(target)!r}, force=True) as new:
            if {kind!r} == "output":
                new.write(b"half"); new.flush()
            else:
                (new / "file").write_bytes(b"half")
            os.kill(os.getpid(), signal.SIGKILL)
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (target if kind == "output" else target / "file").read_bytes() == b"old"
    assert all(name == "out" or name.startswith(".out.") for name in os.listdir(tmp_path))


# --- what a power cut would find: synced before the rename, the directory after it


class Journal:
    """What is synced and renamed, in order, as names under a directory; ``synced`` has the sizes of files then."""

    def __init__(self, root, monkeypatch) -> None:
        self.root = root
        self.events: list[str] = []
        self.synced: dict[str, int] = {}
        self._fsync = os.fsync
        self._rename = os.rename
        self._replace = os.replace
        monkeypatch.setattr(os, "fsync", self.fsync)
        monkeypatch.setattr(os, "rename", self.rename)
        monkeypatch.setattr(os, "replace", self.replace)

    def _name(self, path) -> str:
        """Random parts left out."""
        name = os.path.relpath(path, self.root)
        return re.sub(r"\.[0-9a-f]{8}\.", ".*.", name)

    def fsync(self, fd) -> None:
        status = os.fstat(fd)
        paths = [self.root, *self.root.rglob("*")]
        [path] = [path for path in paths if os.path.samestat(path.stat(), status)]
        self.events.append(f"sync {self._name(path)}")
        self.synced[self._name(path)] = status.st_size
        self._fsync(fd)

    def rename(self, old, new) -> None:
        self.events.append(f"rename {self._name(old)} to {self._name(new)}")
        self._rename(old, new)

    def replace(self, old, new) -> None:
        self.events.append(f"rename {self._name(old)} to {self._name(new)}")
        self._replace(old, new)


@pytest.fixture
def journal(tmp_path, monkeypatch):
    return Journal(tmp_path, monkeypatch)


def test_a_file_is_synced_whole_before_it_is_renamed_and_its_directory_after(tmp_path, journal):
    with atomic_output(tmp_path / "out") as file:
        file.write(b"whole")
    assert journal.events == ["sync .out.*.partial", "rename .out.*.partial to out", "sync ."]
    assert journal.synced[".out.*.partial"] == 5


@pytest.mark.parametrize("is_there", [False, True])
def test_every_file_of_a_directory_is_synced_before_it_is_renamed(tmp_path, journal, is_there):
    if is_there:
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "old").write_bytes(b"old")
    with atomic_directory(tmp_path / "run", force=True) as new:
        (new / "sub").mkdir()
        (new / "a").write_bytes(b"1")
        (new / "sub" / "b").write_bytes(b"22")
    partial = ".run.*.partial"
    n_renames = 1 + is_there
    syncs = journal.events[: -n_renames - 1]
    last = journal.events[-n_renames - 1 :]
    assert sorted(syncs) == [f"sync {partial}{name}" for name in ("", "/a", "/sub", "/sub/b")]
    aside = ["rename run to .run.*.replaced"] if is_there else []
    assert last == [*aside, f"rename {partial} to run", "sync ."]
    assert journal.synced[f"{partial}/sub/b"] == 2
    assert os.listdir(tmp_path) == ["run"]


def test_the_old_directory_is_deleted_when_the_new_one_is_safe(tmp_path, journal, monkeypatch):
    (tmp_path / "run").mkdir()
    deleted_after = []
    rmtree = shutil.rmtree

    def watched(path, **options):
        deleted_after.extend(journal.events)
        rmtree(path, **options)

    monkeypatch.setattr(shutil, "rmtree", watched)
    with atomic_directory(tmp_path / "run", force=True):
        pass
    assert deleted_after[-1] == "sync ."


def test_a_kill_between_the_two_renames_loses_nothing(tmp_path):
    target = tmp_path / "run"
    target.mkdir()
    (target / "file").write_bytes(b"old")
    program = f"""
        import os
        from dna_mamba.io.atomic import atomic_directory
        rename, calls = os.rename, []
        def dies_at_the_second(old, new):
            calls.append(old)
            if len(calls) == 2:
                os._exit(7)
            rename(old, new)
        os.rename = dies_at_the_second
        with atomic_directory({str(target)!r}, force=True) as new:
            (new / "file").write_bytes(b"new")
    """
    assert subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=False).returncode == 7
    left = {path.suffix: (path / "file").read_bytes() for path in tmp_path.iterdir()}
    assert left == {".replaced": b"old", ".partial": b"new"}


def test_a_rename_that_fails_puts_the_old_directory_back(tmp_path, monkeypatch):
    target = tmp_path / "run"
    target.mkdir()
    (target / "file").write_bytes(b"old")
    rename, calls = os.rename, []

    def fails_at_the_second(old, new):
        calls.append(old)
        if len(calls) == 2:
            raise PermissionError
        rename(old, new)

    monkeypatch.setattr(os, "rename", fails_at_the_second)
    with pytest.raises(PermissionError), atomic_directory(target, force=True) as new:
        (new / "file").write_bytes(b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["run"] and (target / "file").read_bytes() == b"old"


@pytest.mark.parametrize("name", ["caf\udce9.vcf", "\udce9" * 250, "é" * 127])
def test_names_that_are_not_utf8_or_long(tmp_path, name):
    with atomic_output(tmp_path / name) as file:
        assert len(os.fsencode(os.path.basename(file.name))) <= 255
        file.write(b"data")
    with atomic_directory(tmp_path / (name[:-1] + "d")):
        pass
    assert (tmp_path / name).read_bytes() == b"data"
    assert sorted(os.listdir(tmp_path)) == sorted([name, name[:-1] + "d"])


# --- directories


def test_directory_appears_whole_and_is_replaced_whole(tmp_path):
    target = tmp_path / "run"
    with atomic_directory(target) as new:
        (new / "sub").mkdir()
        (new / "sub" / "a").write_bytes(b"1")
        assert not target.exists()
    assert (target / "sub" / "a").read_bytes() == b"1"
    with pytest.raises(InputError, match="exists already"), atomic_directory(target):
        pass
    with pytest.raises(Crash), atomic_directory(target, force=True) as new:
        (new / "b").write_bytes(b"2")
        raise Crash
    assert os.listdir(target) == ["sub"]
    with atomic_directory(target, force=True) as new:
        (new / "b").write_bytes(b"2")
    assert os.listdir(target) == ["b"]
    assert os.listdir(tmp_path) == ["run"]


def test_a_target_is_checked_before_the_work(tmp_path):
    check_target(tmp_path / "new", force=False)
    check_target("-", force=False)
    with pytest.raises(InputError, match="exists already"):
        check_target(tmp_path, force=False)
