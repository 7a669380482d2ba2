"""Thirty common mistakes with own labels: each exit 2, one line that names the place, and nothing is written."""

import os
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from dna_mamba.cli.main import cli
from tests.training.finetune.desk import furnish
from tests.worlds import write_fasta

GOOD = "-m model -o run --threads 1"
MISTAKES = {
    # the command line
    f"finetune {GOOD}": "no labelled rows",
    "finetune data.tsv -o run": "give -m MODEL",
    "finetune data.tsv -m model": "Missing option '-o'",
    "finetune data.tsv -m modle -o run": "no such model",
    f"finetune gone.tsv {GOOD}": "gone.tsv",
    f"finetune data.tsv {GOOD} --how loar": "is not one of",
    f"finetune data.tsv {GOOD} --task clasification": "is not one of",
    f"finetune data.tsv {GOOD} --seeds 0": "--seeds",
    f"finetune data.tsv {GOOD} --n-folds 1": "--n-folds",
    f"finetune data.tsv {GOOD} --baselines cnn,knn": "baselines",
    f"finetune data.tsv {GOOD} --set training.epoch=3": "training.epoch: no such key",
    f"finetune data.tsv {GOOD} --set training.epochs": "is not key=value",
    f"finetune data.tsv {GOOD} --recipe gone.yaml": "gone.yaml",
    "finetune data.tsv -m model -o there --threads 1": "holds something else than a run",
    "finetune data.tsv -m model -o gone/run --threads 1": "make it first",
    "finetune data.tsv -m model -o data.tsv --threads 1": "is a file",
    # columns and labels
    f"finetune data.tsv {GOOD} --label clas": "no column 'clas'",
    f"finetune data.tsv {GOOD} --sequence-column seq": "no column 'seq'",
    f"finetune data.tsv {GOOD} --fold-column part": "no column 'part'",
    f"finetune data.tsv {GOOD} --group family": "no column 'family'",
    f"finetune data.tsv {GOOD} --task regression": "is not a number",
    f"finetune headless.tsv {GOOD}": "add a header line",
    f"finetune ragged.tsv {GOOD}": "ragged.tsv:3",
    f"finetune empty.tsv {GOOD}": "empty",
    f"finetune protein.tsv {GOOD}": "protein.tsv:2",
    f"finetune gapped.tsv {GOOD}": "gapped.tsv:2",
    f"finetune blank.tsv {GOOD}": "blank.tsv:3",
    f"finetune constant.tsv {GOOD}": "never varies",
    f"finetune rare.tsv {GOOD}": "fewer than the 5 folds",
    f"finetune nan.tsv {GOOD} --task regression": "nan.tsv:4",
    f"finetune twice.tsv {GOOD} --id-column id": "is that of",
    f"finetune leaky.tsv {GOOD} --leaks refuse": "tested rows are trained on",
    # genomes, intervals, variants, classes
    f"finetune a=one.fa {GOOD}": "one.fa",
    f"finetune off.bed --genome genome.fa {GOOD}": "off.bed:1",
    f"finetune --variants v.vcf {GOOD}": "give --genome",
    f"finetune --variants v.vcf --genome genome.fa --label INFO/CLAS {GOOD}": "CLAS",
    f"finetune --genome genome.fa --annotation a.gff --annotation b.gff --task annotation {GOOD}": "one of each",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = furnish(tmp_path_factory.mktemp("desk"), n_rows=20)
    sequences = [line.split("\t")[1] for line in (directory / "data.tsv").read_text().splitlines()[1:]]
    labels = ["a", "b"] * 10
    header = "sequence\tlabel"

    def table(name: str, rows: list[str], first: str = header) -> None:
        (directory / name).write_text("\n".join([first, *rows]) + "\n")

    rows = [f"{sequence}\t{label}" for sequence, label in zip(sequences, labels, strict=True)]
    table("headless.tsv", rows[1:], rows[0])
    table("ragged.tsv", [rows[0], sequences[1], *rows[2:]])
    table("protein.tsv", ["MKVLEFW\ta", *rows])
    table("gapped.tsv", ["ACG-TT\ta", *rows])
    table("blank.tsv", [rows[0], "\ta", *rows])
    table("constant.tsv", [f"{sequence}\ta" for sequence in sequences])
    table("rare.tsv", [*rows, f"{sequences[0]}A\tc"])
    table("nan.tsv", [f"{s}\t{'nan' if i == 2 else i / 7}" for i, s in enumerate(sequences)])
    table("twice.tsv", [f"r{i // 2}\t{row}" for i, row in enumerate(rows)], f"id\t{header}")
    table("leaky.tsv", [row for row in rows for _ in range(2)])
    (directory / "empty.tsv").write_text("")
    write_fasta(directory / "one.fa", {"c": sequences[0]})
    write_fasta(directory / "genome.fa", {"c": "".join(sequences)})
    (directory / "off.bed").write_text("c\t0\t90000\ta\nc\t0\t20\tb\n")
    head = "##fileformat=VCFv4.3\n##INFO=<ID=CLASS,Number=1,Type=String,Description=\"Class\">\n"
    base = sequences[0][9]
    alt = "A" if base != "A" else "C"
    (directory / "v.vcf").write_text(
        f"{head}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nc\t10\t.\t{base}\t{alt}\t.\t.\tCLASS=x\n"
    )
    (directory / "there").mkdir()
    (directory / "there" / "cat.png").write_bytes(b"cat")
    return directory


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_with_labels_gets_one_line_that_helps(desk: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.chdir(desk)
    before = sorted(os.listdir())
    result = CliRunner().invoke(cli, shlex.split(line))
    assert (result.exit_code, result.stdout) == (2, ""), result.stderr
    assert MISTAKES[line] in result.stderr.splitlines()[-1], result.stderr
    assert "Traceback" not in result.stderr
    assert [name for name in sorted(os.listdir()) if not name.endswith(".fai")] == before


def test_there_are_thirty() -> None:
    assert len(MISTAKES) >= 30
