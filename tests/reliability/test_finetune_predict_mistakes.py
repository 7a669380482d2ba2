"""Common mistakes with a head that was trained: each exit 2, one line that names the place, and nothing is written."""

import os
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from dna_mamba.checkpoints import save_model
from dna_mamba.cli.main import cli
from dna_mamba.models import HeadConfig
from tests.scoring.predictions.worlds import CLASSES, TRACKS, head_model
from tests.worlds import random_sequence, small_model, write_fasta

VARIANT = HeadConfig(task="variant", outputs=("benign", "bad"), variant_of="classification", window_bp=21)
MISTAKES = {
    # the command line
    "predict -m classes": "Missing argument",
    "predict rows.fa": "Missing option '-m'",
    "predict gone.fa -m classes": "gone.fa",
    "predict rows.fa -m clases": "no such model",
    "predict rows.fa -m lm": "not a model with a head",
    "predict rows.fa -m rows.fa": "rows.fa",
    "predict rows.fa -m classes -o there.tsv": "give --force",
    "predict rows.fa -m classes -o gone/out.tsv": "make it first",
    "predict rows.fa -m classes -o out.doc": "its suffix names no format",
    "predict rows.fa -m classes -o out.bw": "one answer a sequence",
    "predict rows.fa -m classes -o out.gff3": "one answer a sequence",
    "predict rows.fa -m classes -o out.tsv --shard 3/2": "i from 1 to n",
    "predict rows.fa -m classes --max-length 0": "--max-length",
    "predict rows.fa -m classes --resume": "only a run that writes a file",
    "predict rows.fa -m classes --device gpu": "is not a device",
    # inputs
    "predict protein.fa -m classes": "not an IUPAC nucleotide code",
    "predict no-sequence.tsv -m classes": "no column 'sequence'",
    "predict twice.tsv -m classes --id-column name": "no column 'name'",
    "predict i.bed -m classes": "give their genome with -f",
    "predict rows.fa -f genome.fa -m classes": "leave out -f",
    "predict in.vcf -f genome.fa -m classes": "is VCF, and the head answers sequences",
    "predict in.vcf -m variants": "give -f REF.fa",
    "predict rows.fa -f genome.fa -m variants": "no VCF header",
    "predict genome.fa -m classes -r x:1-5": "no contig 'x'",
    "predict genome.fa -m classes -r c:90-20": "does not run from 1 or more upwards",
    # along a genome
    "predict genome.fa -m tracks -o out.gff3": "GFF3 holds genes",
    "predict genome.fa -m tracks -o out.bed": "BED holds classes, not tracks",
    "predict genome.fa -m tracks -O bigwig": "cannot go to standard output",
    "predict genome.fa -m tracks -o out.bw -O v": "VCF holds variants",
    "predict genome.fa -m tracks -o out.tsv --window 10 --overlap 20": "overlap",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("desk")
    save_model(small_model(), directory / "lm")
    for name, head in (("classes", CLASSES), ("tracks", TRACKS), ("variants", VARIANT)):
        save_model(head_model(head), directory / name)
    write_fasta(directory / "genome.fa", {"c": random_sequence(200)})
    write_fasta(directory / "rows.fa", {"a": "ACGTACGTAC", "b": "GGGTACGTAC"})
    (directory / "protein.fa").write_text(">a\nMKLVEF\n")
    (directory / "no-sequence.tsv").write_text("seq\tlabel\nACGT\t1\n")
    (directory / "twice.tsv").write_text("id\tsequence\nx\tACGT\nx\tACGA\n")
    (directory / "i.bed").write_text("c\t0\t30\tone\n")
    (directory / "in.vcf").write_text("##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
    (directory / "there.tsv").write_text("mine")
    return directory


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_with_a_head_gets_one_line_that_helps(
    desk: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.chdir(desk)
    before = sorted(os.listdir())
    result = CliRunner().invoke(cli, shlex.split(line) + ["--threads", "1"] * ("-m" in line))
    assert (result.exit_code, result.stdout) == (2, ""), result.stderr
    assert MISTAKES[line] in result.stderr.splitlines()[-1], result.stderr
    assert "Traceback" not in result.stderr
    assert [name for name in sorted(os.listdir()) if not name.endswith(".fai")] == before


def test_there_are_thirty() -> None:
    assert len(MISTAKES) >= 30
