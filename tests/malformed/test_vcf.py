"""Rows 10 and 24: hostile variant and genome files end in 0 or 2, with one line, and never in a signal."""

import gzip
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pysam.bcftools
import pytest

from tests.io.packing import bgzf
from tests.reliability.desk import HEADER, SEQUENCE, furnish, record, score

RECORDS = [record(i, 30) for i in range(30)]
TEXT = ("\n".join([*HEADER, *RECORDS]) + "\n").encode()
COLUMNS = HEADER[-1].encode()


def with_line(line: bytes) -> bytes:
    return TEXT + line + b"\n"


def bomb(n_bytes: int = 1 << 30) -> bytes:
    """A gzip file a thousandth of the size of what it holds: one line of zeros."""
    import zlib

    packer, pieces = zlib.compressobj(9, zlib.DEFLATED, 31), []
    for _ in range(n_bytes >> 20):
        pieces.append(packer.compress(bytes(1 << 20)))
    return b"".join([*pieces, packer.flush()])


PACKED, BLOCKED = gzip.compress(TEXT), bgzf(TEXT, 500)
CUTS = (12, 18, 400, len(BLOCKED) // 2, len(BLOCKED) - 28, len(BLOCKED) - 1)
MANY = ",".join(["<X>"] * 100_000)
HOSTILE = {
    "binary junk": np.random.default_rng(0).bytes(5000),
    "zeros": bytes(5000),
    "nothing": b"",
    "a line feed": b"\n",
    "only #CHROM": COLUMNS + b"\n",
    "#CHROM of too few columns": b"##fileformat=VCFv4.2\n#CHROM\tPOS\n",
    "spaces for tabs": TEXT.replace(b"\t", b" "),
    "a byte-order mark": b"\xef\xbb\xbf" + TEXT,
    "UTF-16": TEXT.decode().encode("utf-16"),
    "bare carriage returns": TEXT.replace(b"\n", b"\r"),
    "no header": b"\n".join(line.encode() for line in RECORDS),
    "FASTA": f">c\n{SEQUENCE}\n".encode(),
    "HTML": b"<!DOCTYPE html><html>404</html>",
    "NUL inside": TEXT.replace(b"rs3", b"rs\0"),
    "NUL line": with_line(b"\0" * 100),
    "few columns": with_line(b"c\t5"),
    "many columns": with_line(RECORDS[0].encode() + b"\t0/1"),
    "POS negative": with_line(RECORDS[0].replace("\t1\t", "\t-1\t").encode()),
    "POS a word": with_line(RECORDS[0].replace("\t1\t", "\tone\t").encode()),
    "POS huge": with_line(RECORDS[0].replace("\t1\t", "\t" + "9" * 30 + "\t").encode()),
    "POS of other digits": with_line(RECORDS[0].replace("\t1\t", "\t\u0661\t").encode()),
    "POS past everything": with_line(RECORDS[0].replace("\t1\t", f"\t{2**61}\t").encode()),
    "empty REF": with_line(b"c\t5\t.\t\tA\t.\t.\t.\tGT\t0/1"),
    "empty ALT": with_line(b"c\t5\t.\tA\t\t.\t.\t.\tGT\t0/1"),
    "commas for ALT": with_line(b"c\t5\t.\tA\t,,,\t.\t.\t.\tGT\t0/1"),
    "control characters": with_line(b"c\t5\t\x1b[2J\x07\tA\t\x08\t.\t.\t.\tGT\t0/1"),
    "a second header": TEXT + TEXT,
    "a blank line between": TEXT.replace(RECORDS[3].encode(), b"\n" + RECORDS[3].encode()),
    "a huge line": with_line(RECORDS[0].replace("AC=1", "X=" + "a" * (1 << 24)).encode()),
    "a huge REF": with_line(b"c\t5\t.\t" + b"A" * (1 << 20) + b"\tC\t.\t.\t.\tGT\t0/1"),
    "100,000 ALTs": with_line(f"c\t5\t.\t{SEQUENCE[4]}\t{MANY}\t.\t.\t.\tGT\t0/1".encode()),
    "zip": b"PK\x03\x04" + bytes(100),
    "xz": b"\xfd7zXZ\x00" + bytes(100),
    "gzip magic alone": b"\x1f\x8b",
    "gzip of nothing": gzip.compress(b""),
    "gzip of gzip": gzip.compress(PACKED),
    "gzip and junk": PACKED + b"junk",
    **{f"gzip cut at {at}": PACKED[:at] for at in (1, 9, 10, 18, len(PACKED) // 2, len(PACKED) - 8, len(PACKED) - 1)},
    **{f"BGZF cut at {at}": BLOCKED[:at] for at in CUTS},
    "BCF magic alone": b"BCF\2\2",
    "BCF of an endless header": b"BCF\2\2\xff\xff\xff\xff" + bytes(100),
    "packed BCF magic": bgzf(b"BCF\2\2" + bytes(60)),
}
SOUND = {
    "a byte-order mark",
    "NUL inside",
    "POS past everything",
    "control characters",
    "a huge line",
    "a huge REF",
    "100,000 ALTs",
    "commas for ALT",
}
"""Odd, yet each of their lines can be told apart and passed on."""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return furnish(tmp_path, n_records=30)


def check(result, *, may_pass=True):
    assert result.exit_code in ((0, 2) if may_pass else (2,)), (result.exit_code, result.stderr[-500:])
    assert "Traceback" not in result.stderr
    if result.exit_code == 2:
        assert result.stdout == "" and len(result.stderr.splitlines()[-1]) < 600
        assert not [path for path in os.listdir() if path.lstrip(".").startswith("out")]
    else:
        os.unlink("out.vcf")


@pytest.mark.parametrize("name", HOSTILE)
def test_row_10_hostile_vcf(desk: Path, name: str):
    (desk / "hostile.vcf").write_bytes(HOSTILE[name])
    check(score("-o", "out.vcf", variants="hostile.vcf"), may_pass=name in SOUND or name == "only #CHROM")


def test_row_10_places_that_are_no_files(desk: Path):
    os.symlink("loop.vcf", "loop.vcf")
    os.symlink("gone.vcf", "dangling.vcf")
    (desk / "directory.vcf").mkdir()
    (desk / "locked.vcf").write_bytes(TEXT)
    (desk / "locked.vcf").chmod(0)
    places = ["loop.vcf", "dangling.vcf", "directory.vcf", "in.vcf/x", "", "x" * 300]
    places += ["http://example.org/x.vcf", "http:x", "s3://b/x.vcf", "data:,x", "in.vcf##idx##in.tbi", "mem:x"]
    if os.geteuid():
        places.append("locked.vcf")
    for place in places:
        check(score("-o", "out.vcf", variants=place), may_pass=False)
        check(score("-o", "out.vcf", reference=place), may_pass=False)
    for place in ("http://example.org/out.vcf", "s3:out.vcf", "out.vcf##idx##x", "gone/out.vcf"):
        check(score("-o", place), may_pass=False)


def test_row_10_a_pipe_closed_early(desk: Path):
    os.mkfifo(desk / "pipe.vcf")
    for data in (TEXT[:700], PACKED[:100], b""):
        writer = threading.Thread(target=(desk / "pipe.vcf").write_bytes, args=(data,))
        writer.start()
        check(score("-o", "out.vcf", variants="pipe.vcf"), may_pass=False)
        writer.join()


def test_row_24_a_bomb_is_not_held_in_memory(desk: Path):
    """A gigabyte of one line is refused within the memory of a few windows."""
    (desk / "bomb.vcf.gz").write_bytes(bomb(1 << 28))
    check(score("-o", "out.vcf", variants="bomb.vcf.gz"), may_pass=False)
    (desk / "bomb.fa.gz").write_bytes(bomb(1 << 28))
    check(score("-o", "out.vcf", reference="bomb.fa.gz"), may_pass=False)


def mutate(data: bytes, rng: np.random.Generator) -> bytes:
    """Bytes changed, removed, doubled or swapped in a place or a few."""
    mutated = bytearray(data)
    for _ in range(int(rng.integers(1, 4))):
        at, size = int(rng.integers(len(mutated))), int(rng.integers(1, 40))
        piece = bytes(mutated[at : at + size])
        change = int(rng.integers(4))
        new = (rng.bytes(size), b"", piece * 3, b'\t\n\r;=,:.<>*[]"\0'[int(rng.integers(15)) :][:1])[change]
        mutated[at : at + size] = new
    return bytes(mutated)


FUZZED = """
import sys
from click.testing import CliRunner
from dna_mamba.cli.main import cli
options = ["-m", "model", "-f", "genome.fa", "--context", "21", "--threads", "1"]
for name in sys.argv[1:]:
    result = CliRunner().invoke(cli, ["score", name, *options, "-o", name + ".out.vcf"])
    assert result.exit_code in (0, 2), (name, result.exit_code, result.stderr)
    assert "Traceback" not in result.stderr, (name, result.stderr)
"""


def fuzz(directory: Path, data: bytes, n: int, seed: int) -> None:
    """Score mutations of a file in one process, so that a signal would be seen."""
    rng = np.random.default_rng(seed)
    names = [f"fuzzed{i}.vcf" for i in range(n)]
    for name in names:
        (directory / name).write_bytes(mutate(data, rng))
    done = subprocess.run(
        [sys.executable, "-c", FUZZED, *names], capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_row_10_two_hundred_mutations(desk: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    fuzz(desk, TEXT[: TEXT.index(b"rs6")].rsplit(b"\n", 1)[0] + b"\n", 200, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("packing", ["gzip", "bgzf", "bcf", "unpacked bcf"])
def test_row_10_mutations_of_packed_files(desk: Path, monkeypatch: pytest.MonkeyPatch, packing: str):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    (desk / "some.vcf").write_bytes(TEXT)
    pysam.bcftools.view("--no-version", "-Ob", "-o", "some.bcf", "some.vcf", catch_stdout=False)
    binary = (desk / "some.bcf").read_bytes()
    fuzz(
        desk, {"gzip": PACKED, "bgzf": BLOCKED, "bcf": binary, "unpacked bcf": gzip.decompress(binary)}[packing], 200, 2
    )


GENOMES = {
    "binary junk": np.random.default_rng(1).bytes(5000),
    "nothing": b"",
    "protein": b">c\nMKLVEFPQ\n",
    "FASTQ": b"@r\nACGT\n+\nIIII\n",
    "a byte-order mark": b"\xef\xbb\xbf>c\nACGT\n",
    "NUL": b">c\nAC\0GT\n",
    "no name": b">\nACGT\n",
    "two of one name": b">c\nACGT\n>c\nACGT\n",
    "gaps": b">c\nAC-GT\n",
    "a VCF": TEXT,
    "HTML": b"<html>",
    "truncated gzip": gzip.compress(SEQUENCE.encode())[:-5],
    "bare carriage returns": b">c\rACGT\r",
    "UTF-16": ">c\nACGT\n".encode("utf-16"),
    "many bare carriage returns": b">c\r" + b"ACGT\r" * 300_000,
    "a long header": b">" + b"c" * (1 << 22) + b"\nACGT\n",
}


@pytest.mark.parametrize("name", GENOMES)
def test_row_10_hostile_fasta(desk: Path, name: str):
    (desk / "hostile.fa").write_bytes(GENOMES[name])
    check(score("-o", "out.vcf", reference="hostile.fa"), may_pass=name == "a byte-order mark")
