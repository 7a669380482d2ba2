"""``dna-mamba evaluate annotation``: the truth agrees with itself; what is not of the genome is refused in a line."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from dna_mamba.cli.evaluate.annotation import command
from dna_mamba.errors import InputError
from tests.worlds import write_fasta

LETTERS = "C" * 20 + "ATGGCTGCTTAA" + "C" * 18 + "TTAAGCAGCCAT" + "C" * 38


def write_genes(path: Path, *places: tuple[int, int, str], chrom: str = "c") -> Path:
    rows = [
        f"{chrom}\tx\tCDS\t{start + 1}\t{end}\t.\t{strand}\t0\tID=g{number}\n"
        for number, (start, end, strand) in enumerate(places)
    ]
    path.write_text("##gff-version 3\n" + "".join(rows))
    return path


def run(tmp_path: Path, *extra: str) -> str:
    arguments = [str(tmp_path / "truth.gff3"), str(tmp_path / "genes.gff3"), "-f", str(tmp_path / "g.fa"), *extra]
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def genome(tmp_path: Path) -> Path:
    write_genes(tmp_path / "truth.gff3", (20, 32, "+"), (50, 62, "-"))
    return write_fasta(tmp_path / "g.fa", {"c": LETTERS})


def test_the_truth_agrees_with_itself(genome: Path, tmp_path: Path) -> None:
    write_genes(tmp_path / "genes.gff3", (20, 29, "+"), (53, 62, "-"))  # without stop codons, as in GTF
    levels = json.loads(run(tmp_path, "--json"))["levels"]
    assert all(levels[name]["f1"] == 1.0 for name in ("base", "exon", "transcript", "locus", "start", "stop"))


def test_a_table_and_a_file(genome: Path, tmp_path: Path) -> None:
    write_genes(tmp_path / "genes.gff3", (20, 32, "+"))
    table = run(tmp_path, "-o", str(tmp_path / "report.json"))
    assert "stop\t2\t1\t0.5000\t1.0000\t0.6667" in table.splitlines()
    assert json.loads((tmp_path / "report.json").read_text())["levels"]["stop"]["found"] == 1


def test_no_genes_predicted(genome: Path, tmp_path: Path) -> None:
    write_genes(tmp_path / "genes.gff3")
    assert "stop\t2\t0\t0.0000\t-\t-" in run(tmp_path).splitlines()


def test_mistakes(genome: Path, tmp_path: Path) -> None:
    write_genes(tmp_path / "genes.gff3", (20, 3200, "+"))
    with pytest.raises(InputError, match="which has 100 bp"):
        run(tmp_path)
    write_genes(tmp_path / "genes.gff3", (20, 32, "+"))
    with pytest.raises(InputError, match="nowhere"):
        run(tmp_path, "--contig", "nowhere")


def test_a_truth_without_coding_sequences_is_refused(genome: Path, tmp_path: Path) -> None:
    write_genes(tmp_path / "genes.gff3", (20, 32, "+"))
    (tmp_path / "truth.gff3").write_text("##gff-version 3\nc\tx\texon\t21\t32\t.\t+\t.\tID=e;Parent=t\n")
    with pytest.raises(InputError, match=r"truth\.gff3: has no CDS; give an annotation with coding sequences"):
        run(tmp_path)


def test_exons_of_one_transcript_in_any_order_and_encoded_names(genome: Path, tmp_path: Path) -> None:
    """A spliced gene on the reverse strand of a contig whose name GFF3 encodes, its phases given."""
    write_fasta(tmp_path / "g.fa", {"c;1": LETTERS})
    rows = ["c%3B1\tx\tCDS\t57\t62\t.\t-\t0\tID=a;Parent=t", "c%3B1\tx\tCDS\t51\t53\t.\t-\t0\tID=a;Parent=t"]
    (tmp_path / "truth.gff3").write_text("\n".join(["##gff-version 3", "##sequence-region c%3B1 1 100", *rows]) + "\n")
    (tmp_path / "genes.gff3").write_text("\n".join(rows[::-1]) + "\n")
    levels = json.loads(run(tmp_path, "--json"))["levels"]
    assert {name: (level["known"], level["right"]) for name, level in levels.items()} == {
        "base": (9, 9),
        "exon": (2, 2),
        "intron": (1, 1),
        "intron chain": (1, 1),
        "transcript": (1, 1),
        "locus": (1, 1),
        "start": (1, 1),
        "stop": (1, 1),
    }
