import os
import signal
import subprocess
import sys
import textwrap

import pytest

from dna_mamba.errors import InputError, MachineError
from dna_mamba.io.atomic import atomic_directory, atomic_output, check_target


class Crash(BaseException):
    """Not an Exception, as KeyboardInterrupt is none."""


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
