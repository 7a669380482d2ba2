"""Row 26: forty common mistakes, each with its code, one line, and a hint that helps."""

import os
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from dna_mamba.cli.main import cli
from tests.io.packing import bgzf
from tests.reliability.desk import HEADER, SEQUENCE, furnish, record

GOOD = "-m model -f genome.fa --context 33 --threads 1"
MISTAKES = {
    # the command line
    f"scoer in.vcf {GOOD}": "Did you mean",
    f"score {GOOD}": "Missing argument",
    "score in.vcf -f genome.fa": "Missing option '-m'",
    "score in.vcf -m model": "Missing option '-f'",
    f"score in.vcf {GOOD} --contxt 5": "Did you mean one of: '--context'",
    f"score in.vcf {GOOD} --context many": "is not a valid integer",
    f"score in.vcf {GOOD} --context 0": "--context",
    f"score in.vcf {GOOD} --batch-size 0": "--batch-size",
    f"score in.vcf {GOOD} --threads 0": "--threads",
    f"score in.vcf {GOOD} --check-ref q": "is not one of",
    f"score in.vcf {GOOD} --scores lrr": "unknown score 'lrr'",
    f"score in.vcf {GOOD} --scores ,": "no scores",
    f"score in.vcf {GOOD} --device gpu": "is not a device",
    f"score in.vcf genome.fa {GOOD}": "unexpected extra argument",
    f"score in.vcf {GOOD} --shard 5/4": "i from 1 to n",
    f"score in.vcf {GOOD} -o out.vcf --write-index": "ends in .vcf.gz or .bcf",
    f"score in.vcf {GOOD} -O z --write-index": "ends in .vcf.gz or .bcf",
    f"score in.vcf {GOOD} --resume": "give -o OUT",
    # outputs
    f"score in.vcf {GOOD} -o out.txt": "end it in .vcf",
    f"score in.vcf {GOOD} -o there.vcf": "give --force",
    f"score in.vcf {GOOD} -o gone/out.vcf": "make it first",
    f"score in.vcf {GOOD} -o out.bcf": "header lacks a line like ##contig=<ID=d",
    f"score unsorted.vcf {GOOD} -o out.vcf.gz --write-index": "not sorted at c:5",
    # inputs
    f"score gone.vcf {GOOD}": "gone.vcf",
    f"score model {GOOD}": "give a file, not a directory",
    f"score genome.fa {GOOD}": "no VCF header",
    f"score spaces.vcf {GOOD}": "separate its columns by tabs",
    f"score short.vcf {GOOD}": "7 tab-separated columns",
    f"score cut.vcf.gz {GOOD}": "cut.vcf.gz: ",
    f"score in.vcf.zip {GOOD}": "is a zip archive",
    f"score https://example.org/in.vcf {GOOD}": "download it first",
    "score in.vcf -m model -f in.vcf": "in.vcf",
    "score in.vcf -m model -f protein.fa": "not an IUPAC nucleotide code",
    "score in.vcf -m model -f genome.fa.fai": "genome.fa.fai",
    "score in.vcf -m model -f other.fa --context 33": "wrong build?",
    "score in.vcf -m yeast-tinny -f genome.fa": "no such model",
    "score in.vcf -m model/model.safetensors -f genome.fa": "model.safetensors",
    "score in.vcf -m hollow -f genome.fa": "hollow",
    # regions
    f"score in.vcf {GOOD} -r d:1-5": "no contig 'd'",
    f"score in.vcf {GOOD} -r c:9-2": "does not run from 1 or more upwards",
    f"score in.vcf {GOOD} -r c:five": "no numbers after its colon",
    f"score in.vcf {GOOD} -r c:800-9000": "ends past c",
    f"score in.vcf {GOOD} -R in.vcf": "is not a position",
    f"score in.vcf {GOOD} -R empty.bed": "no region holds a base",
    # shards
    "merge": "Missing argument",
    "merge in.vcf -o out.vcf": "is not a shard",
    "merge - -o out.vcf": "give it as a file",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory):
    directory = furnish(tmp_path_factory.mktemp("desk"), n_records=40)
    lines = [record(i, 40) for i in range(40)]
    strange = "d\t5\t.\tA\tC\t.\t.\t.\tGT\t0/1"
    text = "\n".join([*HEADER, *lines]) + "\n"
    (directory / "in.vcf").write_text(text + strange + "\n")
    (directory / "there.vcf").write_text("mine")
    (directory / "unsorted.vcf").write_text(text + f"c\t5\t.\t{SEQUENCE[4]}\t*\t.\t.\t.\tGT\t0/1\n")
    (directory / "spaces.vcf").write_text(text.replace("\t", " "))
    (directory / "short.vcf").write_text(text + "\t".join(lines[0].split("\t")[:7]) + "\n")
    (directory / "cut.vcf.gz").write_bytes(bgzf(text.encode())[:-40])
    (directory / "in.vcf.zip").write_bytes(b"PK\x03\x04" + bytes(40))
    (directory / "protein.fa").write_text(">c\nMKLVEF\n")
    (directory / "genome.fa.fai").write_text("c\t900\t3\t900\t901\n")
    (directory / "other.fa").write_text(f">c\n{SEQUENCE[::-1]}\n")
    (directory / "empty.bed").write_text("c\t5\t5\n")
    (directory / "hollow").mkdir()
    return directory


@pytest.mark.parametrize("line", MISTAKES)
def test_row_26_a_mistake_gets_one_line_that_helps(desk: Path, monkeypatch: pytest.MonkeyPatch, line: str):
    monkeypatch.chdir(desk)
    before = sorted(os.listdir())
    result = CliRunner().invoke(cli, shlex.split(line))
    assert (result.exit_code, result.stdout) == (2, ""), result.stderr
    assert MISTAKES[line] in result.stderr.splitlines()[-1], result.stderr
    assert "Traceback" not in result.stderr
    assert sorted(os.listdir()) == before
    assert (desk / "there.vcf").read_text() == "mine"


def test_row_26_there_are_forty():
    assert len(MISTAKES) >= 40
