import os
from pathlib import Path

import pytest

from dna_mamba.errors import InputError
from dna_mamba.io.paths import cache_directory, check_local, clipped_name, display_name, input_error_of


@pytest.mark.parametrize(
    "path",
    [
        "http://x.org/a.fa",
        "HTTPS://x.org/a.fa",
        "http:x",
        "ftp://x/a",
        "s3://bucket/a",
        "s3+https://bucket/a",
        "gs://bucket/a",
        "data:,%3Ea",
        "file:///etc/passwd",
        "mem:",
        "anything://x",
        "a.vcf.gz##idx##http://x/evil.tbi",
        "",
        "a\0b",
    ],
)
def test_what_is_not_on_this_machine_is_refused(path):
    with pytest.raises(InputError):
        check_local(path)


@pytest.mark.parametrize("path", ["-", "a.fa", "/data/a.fa", "./http:/x", "chr1:5.fa", Path("x") / "y.fa"])
def test_local_paths_pass(path):
    assert check_local(path) == str(path)


def test_cache_directory_follows_the_xdg_specification(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/x/y")
    assert cache_directory() == Path("/x/y/dna-mamba")
    for not_absolute in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", not_absolute)
        assert cache_directory() == Path.home() / ".cache" / "dna-mamba"


@pytest.mark.parametrize(
    ("name", "n_bytes", "expected"),
    [
        ("a.vcf", 5, "a.vcf"),
        ("a.vcf", 3, "a.v"),
        ("é" * 4, 5, "éé"),  # two bytes each: none is cut
        ("𝄞" * 3, 11, "𝄞𝄞"),
        ("caf\udce9.vcf", 4, "caf\udce9"),  # one byte that is not UTF-8
        ("caf\udce9.vcf", 3, "caf"),
        ("", 0, ""),
    ],
)
def test_names_are_clipped_in_bytes_between_characters(name, n_bytes, expected):
    assert clipped_name(name, n_bytes) == expected
    assert len(os.fsencode(expected)) <= n_bytes


def test_how_files_are_named_in_messages():
    assert display_name("-") == "standard input" and display_name(Path("x") / "y") == "x/y"
    error = input_error_of(FileNotFoundError(2, "No such file or directory"), "x.fa")
    assert str(error) == "x.fa: cannot be read (no such file or directory); check the path"
