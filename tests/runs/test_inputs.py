import hashlib
import os
import time

import pytest

from dna_mamba.errors import InputError
from dna_mamba.runs import InputFile, can_be_read_twice


@pytest.fixture
def path(tmp_path):
    (tmp_path / "in.vcf").write_bytes(b"some records\n" * 100_000)
    time.sleep(0.02)  # times of files advance with the kernel's clock, some milliseconds at a time
    return tmp_path / "in.vcf"


def test_the_hash_is_that_of_the_bytes(path):
    assert InputFile.read(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(OSError):
        InputFile.read(path.parent / "gone.vcf")


def append(path):
    with open(path, "ab") as file:
        file.write(b"x")


def rewrite_in_place_with_the_old_time(path):
    before = path.stat()
    with open(path, "r+b") as file:
        file.write(b"SOME")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace(path):
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    os.replace(other, path)


@pytest.mark.parametrize("change", [append, rewrite_in_place_with_the_old_time, replace, lambda path: os.utime(path)])
def test_a_file_that_changes_is_refused(path, change):
    found = InputFile.read(path)
    found.refuse_change()
    change(path)
    with pytest.raises(InputError, match=r"in\.vcf: changed while it was being read"):
        found.refuse_change()


def test_what_can_be_read_twice(path, tmp_path):
    assert can_be_read_twice(path) and can_be_read_twice(str(path))
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(path)
    assert can_be_read_twice(tmp_path / "link")
    for other in (tmp_path / "pipe", tmp_path, tmp_path / "gone", "-", "/dev/null", "a\0b"):
        assert not can_be_read_twice(other)
