"""The pages on predicting, genes and explanations hold when they are followed, with small models on made-up files."""

import gzip
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from Bio.Seq import Seq
from Bio.SeqFeature import FeatureLocation, SeqFeature
from Bio.SeqIO import write
from Bio.SeqRecord import SeqRecord
from click.testing import CliRunner

from dna_mamba.checkpoints import save_model
from dna_mamba.cli.main import cli
from dna_mamba.models import HeadConfig
from tests.annotation.genes import coding_letters, spacer
from tests.docs.pages import blocks_of
from tests.scoring.predictions.worlds import GENES, head_model
from tests.worlds import random_sequence, small_model, write_fasta, write_vcf

DOCS = Path(__file__).parent.parent.parent / "docs"
PROMOTERS = HeadConfig(task="classification", outputs=("none", "promoter"))
VARIANTS = HeadConfig(task="variant", outputs=("benign", "bad"), variant_of="classification", window_bp=41)
GENOME = {"c": random_sequence(600), "d": random_sequence(300, 1)}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, head in (("run", PROMOTERS), ("genes", GENES), ("variants", VARIANTS)):
        (tmp_path / name).mkdir()
        save_model(head_model(head), tmp_path / name / "model")
    save_model(small_model("post-hoc"), tmp_path / "small")
    write_fasta(tmp_path / "genome.fa", GENOME)
    write_fasta(tmp_path / "sequences.fa", {f"s{i}": random_sequence(30 + i, i) for i in range(3)})
    (tmp_path / "table.tsv").write_text("id\tdna\nx\tACGTACGTTAGC\n")
    (tmp_path / "intervals.bed").write_text("c\t10\t50\tone\t0\t-\n")
    (tmp_path / "places.bed").write_text("c\t10\t50\nd\t20\t40\n")
    alt = "ACGT".replace(GENOME["c"][99], "")[0]
    for name in ("in.vcf", "variants.vcf"):
        write_vcf(tmp_path / name, [("c", 100, GENOME["c"][99], alt)])
    (tmp_path / "in.vcf.gz").write_bytes(gzip.compress((tmp_path / "in.vcf").read_bytes()))
    return tmp_path


def follow(page: str, *, more: dict[str, list[str]] | None = None) -> list[list[str]]:
    """Run the page's commands in order, ``more`` words after those of a command; the packaged model is a small one."""
    commands = [words for block in blocks_of(DOCS / page) if block.language == "sh" for words in block.commands]
    for program, *words in commands:
        assert program == "dna-mamba"
        words = ["small" if word in ("yeast-tiny", "MODEL") else word for word in words]
        result = CliRunner().invoke(cli, [*words, *(more or {}).get(words[0], [])])
        assert result.exit_code == 0, (words, result.output)
    return commands


def test_predicting(here: Path) -> None:
    commands = follow("predicting.md")
    assert {words[1] for words in commands} == {"predict", "score"}
    written = [words[words.index("-o") + 1] for words in commands]
    assert all(Path(name).exists() for name in written if name != "classes.bw")
    assert len(list(here.glob("classes.*.bw"))) == len(GENES.outputs)
    (python,) = [block.text for block in blocks_of(DOCS / "predicting.md") if block.language == "python"]
    Path("predictions.tsv").unlink()
    names: dict[str, object] = {}
    exec(python, names)
    assert names["summary"].n_answered == 3 and Path("predictions.tsv").exists()  # type: ignore[attr-defined]


def test_genes(here: Path) -> None:
    """Training is checked as far as it reads its files and says what it would take."""
    rng = random.Random(4)
    for name in ("a", "b"):
        gene = coding_letters(80, rng)
        letters = spacer(200, rng) + gene + spacer(24_000, rng)
        write_fasta(here / f"{name}.fa", {name: letters})
        (here / f"{name}.gff3").write_text(f"{name}\tx\tCDS\t201\t{200 + len(gene)}\t.\t+\t0\tID=g\n")
        record = SeqRecord(Seq(letters), id=name, annotations={"molecule_type": "DNA"})
        record.features = [SeqFeature(FeatureLocation(200, 200 + len(gene), 1), type="CDS")]
        write([record], here / f"{name}.gb", "genbank")
    (here / "truth.gff3").write_text("c\tx\tCDS\t1\t9\t.\t+\t0\tID=g\n")
    commands = follow("annotation.md", more={"finetune": ["--dry-run"]})
    assert [words[1] for words in commands] == ["finetune", "predict", "evaluate"]
    assert Path("genes.gff3").read_text().startswith("##gff-version 3\n")


def test_explanations(here: Path) -> None:
    commands = follow("explanations.md", more={"explain": ["--steps", "2"]})
    assert [words[1] for words in commands] == ["explain"] * 3
    with np.load("out.npz") as archive:
        assert archive["ids"].tolist() == ["s0", "s1", "s2"]
    assert "<svg" in Path("logo.svg").read_text() and Path("out.bw").exists()
    assert Path("out.tsv").read_text().splitlines()[-1].startswith("c:100:")


def test_explanations_from_python(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ours, theirs = (block.text for block in blocks_of(DOCS / "explanations.md") if block.language == "python")
    exec(ours, {})
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["s0", "s1", "s2"]
    pytest.importorskip("tangermeme")
    one_hot_B4L = torch.nn.functional.one_hot(torch.randint(4, (2, 20)), 4).movedim(-1, 1).float()
    names = {"one_hot_sequences": one_hot_B4L}
    exec(theirs, names)
    assert names["attributions"].shape == (2, 4, 20)
