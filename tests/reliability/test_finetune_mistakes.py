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
    f"finetune data.tsv {GOOD} --seeds -1": "--seeds",
    f"finetune data.tsv {GOOD} --epochs 0": "--epochs",
    f"finetune data.tsv {GOOD} --learning-rate nan": "learning_rate",
    f"finetune data.tsv {GOOD} --device gpu": "is not a device",
    "finetune data.tsv -m data.tsv -o run --threads 1": "data.tsv",
    "finetune data.tsv -m there -o run --threads 1": "there",
    f"finetune data.tsv {GOOD} --window 64": "sequences of a table are taken whole",
    f"finetune data.tsv {GOOD} --bin 32": "--bin is of a signal",
    f"finetune data.tsv {GOOD} --task annotation": "--task annotation without",
    f"finetune data.tsv {GOOD} --task tracks": "--task tracks without",
    f"finetune data.tsv data.tsv {GOOD}": "2 tables",
    f"finetune model {GOOD}": "model",
    # columns and labels
    f"finetune data.tsv {GOOD} --label clas": "no column 'clas'",
    f"finetune data.tsv {GOOD} --sequence-column seq": "no column 'seq'",
    f"finetune data.tsv {GOOD} --fold-column part": "no column 'part'",
    f"finetune data.tsv {GOOD} --group family": "no column 'family'",
    f"finetune data.tsv {GOOD} --task regression": "is not a number",
    f"finetune data.tsv {GOOD} --task multilabel --label label --label number": "is not one of 0, 1",
    f"finetune data.tsv {GOOD} --label label --label label": "--label label twice",
    f"finetune data.tsv {GOOD} --label sequence": "is the label and --sequence-column",
    f"finetune data.tsv {GOOD} --label fold --fold-column fold": "is the label and --fold-column",
    f"finetune data.tsv {GOOD} --label y --class-weights balanced": "class weights, and the labels are regression",
    f"finetune data.tsv {GOOD} --label y --task regression --class-weights balanced": "for --task regression",
    f"finetune data.tsv {GOOD} --label y --estimator logistic": "logistic regression is for classes",
    f"finetune data.tsv {GOOD} --fold-column one": "has one value",
    f"finetune data.tsv {GOOD} --fold-column fold --folds k-fold": "does not look at --fold-column",
    f"finetune data.tsv {GOOD} --folds leave-chromosome-out": "name it with --chrom-column",
    f"finetune data.tsv {GOOD} --n-folds 40": "for 40 folds",
    f"finetune data.tsv {GOOD} --families gone.txt": "gone.txt",
    f"finetune infinite.tsv {GOOD} --task regression": "infinite.tsv:3",
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
    # genomes, intervals, variants, signals, classes
    f"finetune a=a.fa b=void.fa {GOOD}": "void.fa",
    f"finetune genome.fa {GOOD}": "is FASTA, which holds no labels",
    f"finetune data.tsv --genome genome.fa {GOOD}": "no column 'chrom'",
    f"finetune data.tsv --variants v.vcf --genome genome.fa {GOOD}": "both give labelled rows",
    f"finetune data.tsv --task variant {GOOD}": "give the one the places are on with --genome",
    f"finetune other.bed --genome genome.fa {GOOD}": "other.bed:1",
    f"finetune --signal s=gone.bw --genome genome.fa --window 64 {GOOD}": "gone.bw",
    f"finetune --signal s=data.tsv --genome genome.fa --window 64 {GOOD}": "is not bigWig",
    f"finetune --signal s=gone.bw {GOOD}": "give --genome",
    f"finetune --signal s=gone.bw --genome genome.fa --window 50 --bin 32 {GOOD}": "not a multiple of bins of 32 bp",
    f"finetune a=one.fa {GOOD}": "one.fa",
    f"finetune off.bed --genome genome.fa {GOOD}": "off.bed:1",
    f"finetune --variants v.vcf {GOOD}": "give --genome",
    f"finetune --variants v.vcf --genome genome.fa --label INFO/CLAS {GOOD}": "CLAS",
    f"finetune --variants v.vcf --genome genome.fa --fold-column fold {GOOD}": "is of a table, and there is none",
    f"finetune --genome genome.fa --annotation a.gff --how lora --task annotation {GOOD}": "lora",
    f"finetune --genome genome.fa --annotation a.gff --task regression {GOOD}": "--annotation for --task regression",
    f"finetune --genome genome.fa --annotation a.gff {GOOD} --class-weights balanced": "class weights for",
    f"finetune --genome genome.fa --annotation a.gff --annotation b.gff --task annotation {GOOD}": "one of each",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = furnish(tmp_path_factory.mktemp("desk"), n_rows=20)
    told = (directory / "data.tsv").read_text().splitlines()
    (directory / "data.tsv").write_text("\n".join([f"{told[0]}\tone\tnumber", *(f"{line}\t1\t1" for line in told[1:])]))
    sequences = [line.split("\t")[1] for line in told[1:]]
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
    table("infinite.tsv", [f"{s}\t{'inf' if i == 1 else i / 7}" for i, s in enumerate(sequences)])
    (directory / "empty.tsv").write_text("")
    (directory / "void.fa").write_text("")
    write_fasta(directory / "a.fa", {f"s{i}": sequence for i, sequence in enumerate(sequences)})
    (directory / "other.bed").write_text("chrUn\t0\t20\ta\nc\t0\t20\tb\n")
    (directory / "a.gff").write_text("c\tx\tCDS\t1\t30\t.\t+\t0\tID=g\n")
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
