"""Rows 23, 25 and 27: no network, pipes, and a machine with too little memory."""

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.reliability.desk import HEADER, merge, score, spawn, words

OFFLINE = """
import socket, sys
def refuse(*_, **__):
    raise AssertionError("the network was asked for")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from dna_mamba.cli.main import main
main()
"""


def has_namespaces():
    unshare = shutil.which("unshare")
    return bool(unshare) and subprocess.run([unshare, "-rn", "true"], capture_output=True, check=False).returncode == 0


def environment():
    return os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def test_row_23_the_network_is_never_touched(here: Path):
    """Without one where the system can take it away, and with sockets that refuse everywhere."""
    jail = ["unshare", "-rn"] if has_namespaces() else []
    command = [*jail, sys.executable, "-c", OFFLINE, *words("-o", "out.vcf", "--no-version")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    assert done.returncode == 0, done.stderr
    assert score("-o", "here.vcf", "--no-version").exit_code == 0
    assert (here / "out.vcf").read_bytes() == (here / "here.vcf").read_bytes()


@pytest.mark.parametrize("place", ["https://example.org/x", "ftp:x", "s3://bucket/x", "gs:x", "data:,c", "x##idx##y"])
def test_row_23_addresses_are_refused_as_files(here: Path, place: str):
    results = [score(variants=place), score(reference=place), score("-o", place), score("-R", place)]
    for result in (*results, merge(place, "-o", "m.vcf")):
        assert result.exit_code == 2, result.stderr
        assert "is a URL" in result.stderr or "##idx##" in result.stderr
        assert result.stdout == ""


def test_row_25_a_reader_that_has_seen_enough(here: Path):
    """``| head -1``: the first line, no complaint, the code that SIGPIPE gives."""
    process = spawn(words("--no-version"))
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.readline() == HEADER[0] + "\n"
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(300) in (141, 0)
    assert "Traceback" not in said and "Broken pipe" not in said


def test_row_25_packed_standard_input_and_a_header_alone(here: Path):
    import gzip

    from click.testing import CliRunner

    from dna_mamba.cli.main import cli

    assert score("-o", "file.vcf", "--no-version").exit_code == 0
    packed = gzip.compress((here / "in.vcf").read_bytes())
    piped = CliRunner().invoke(cli, words("-o", "piped.vcf", "--no-version", variants="-"), input=packed)
    assert piped.exit_code == 0, piped.stderr
    lines = [(here / name).read_text().splitlines() for name in ("file.vcf", "piped.vcf")]
    assert [line.split("\t")[:7] for line in lines[0]] == [line.split("\t")[:7] for line in lines[1]]
    (here / "empty.vcf").write_text("\n".join(HEADER) + "\n")
    for suffix in ("vcf", "vcf.gz", "bcf", "tsv", "parquet"):
        result = score("-o", f"empty_out.{suffix}", variants="empty.vcf")
        assert result.exit_code == 0, result.stderr
        assert "0 records in and out, 0 alleles, 0 scored" in result.stderr


def test_row_27_too_little_memory_is_said_before_the_work(here: Path):
    """The estimate is named, and no allocation fails halfway."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (used + (400 << 20), hard))
    try:
        result = score("-o", "out.vcf")
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    assert result.exit_code == 3, result.stderr
    last = result.stderr.splitlines()[-1]
    assert "windows of 21 bp" in last and ("MiB" in last or "GiB" in last)
    assert not (here / "out.vcf").exists() and not list(here.glob(".out*"))
