"""The command as people run it: every kind of head and input, mistakes, shards, killed and resumed."""

import time

import pytest
from click.testing import CliRunner

from dna_mamba.checkpoints import save_model
from dna_mamba.cli.main import cli
from dna_mamba.models import HeadConfig
from dna_mamba.runs.progress import progress_directory
from tests.cli.slowed import start
from tests.scoring.predictions.worlds import CLASSES, GENES, TRACKS, head_model
from tests.worlds import random_sequence, small_model, write_fasta, write_vcf

GENOME = {"c": random_sequence(400), "d": "NN" + random_sequence(60, 1) + "NNNN"}
VARIANT = HeadConfig(task="variant", outputs=("benign", "bad"), variant_of="classification", window_bp=21)
ROWS = {f"s{i}": random_sequence(12 + i % 9, i) for i in range(200)} | {"n": "NN", "none": ""}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_fasta(tmp_path / "genome.fa", GENOME)
    write_fasta(tmp_path / "rows.fa", ROWS)
    for name, head in (("classes", CLASSES), ("genes", GENES), ("tracks", TRACKS), ("variants", VARIANT)):
        save_model(head_model(head), tmp_path / name)
    return tmp_path


def predict(*words):
    return CliRunner().invoke(cli, ["predict", *words, "--threads", "1"])


def test_sequences_become_a_table(here):
    result = predict("rows.fa", "-m", "classes", "-o", "p.tsv")
    assert result.exit_code == 0 and "202 rows in and out, 200 answered" in result.stderr
    lines = (here / "p.tsv").read_text().splitlines()
    assert lines[2] == "id\tno\tyes\tDM_STATUS" and len(lines) == 3 + len(ROWS)
    piped = predict("rows.fa", "-m", "classes", "--no-version")
    assert piped.stdout.splitlines() == lines[2:]


def test_a_table_and_intervals_and_regions(here):
    (here / "t.tsv").write_text("sequence\tlabel\nACGTACGT\t1\n\t0\n")
    (here / "i.bed").write_text("c\t0\t30\tone\t0\t-\nx\t1\t2\n")
    assert [line.split("\t")[0] for line in predict("t.tsv", "-m", "classes", "--no-version").stdout.splitlines()] == [
        "id",
        "1",
        "2",
    ]
    found = predict("i.bed", "-f", "genome.fa", "-m", "classes", "--no-version", "-O", "bed").stdout.splitlines()
    assert found[1].startswith("c\t0\t30\tone\t") and found[2].endswith("\t.\t.\tNO_CONTIG")
    regions = predict("genome.fa", "-r", "c:1-30", "-m", "classes", "--no-version").stdout.splitlines()
    assert regions[1].startswith("c:1-30\t")


def test_a_genome_becomes_classes_tracks_and_genes(here):
    windows = ["--window", "64", "--overlap", "16"]
    result = predict("genome.fa", "-m", "genes", "-o", "g.bed", *windows)
    assert result.exit_code == 0
    how = "contigs: 1 read whole, exactly; 1 in windows of 64 bp, overlap 16 bp or more"
    assert result.stderr.splitlines()[-1] == how
    exact = predict("genome.fa", "-m", "genes", "-o", "exact.bed")
    assert exact.stderr.splitlines()[-1] == "contigs: 2 read whole, exactly"
    assert "#chrom\tstart\tend\tclass" in (here / "g.bed").read_text()
    assert predict("genome.fa", "-m", "genes", "-o", "g.gff3", "--no-version", *windows).exit_code == 0
    above = [line for line in (here / "g.gff3").read_text().splitlines() if line.startswith("##")]
    assert above == ["##gff-version 3", "##sequence-region c 1 400", "##sequence-region d 1 66"]
    assert predict("genome.fa", "-m", "tracks", "-o", "t.bedgraph", *windows).exit_code == 0
    assert sorted(path.name for path in here.glob("t.*")) == ["t.cov-1.bedgraph", "t.two.bedgraph"]
    one = predict("genome.fa", "-m", "genes", "-r", "c:5-6", "--no-version", *windows).stdout.splitlines()
    assert [line.split("\t")[:3] for line in one[1:]] == [["c", "4", "5"], ["c", "5", "6"]]


def test_a_vcf_gets_the_answers_of_its_head(here):
    ref = GENOME["c"][49]
    write_vcf(here / "in.vcf", [("c", 50, ref, "ACGT".replace(ref, "")[0]), ("gone", 5, "A", "C")])
    result = predict("in.vcf", "-f", "genome.fa", "-m", "variants", "-o", "out.vcf")
    assert result.exit_code == 0
    text = (here / "out.vcf").read_text()
    assert "DM_HEAD_benign=" in text and "DM_HEAD_bad=.;DM_STATUS=NO_CONTIG" in text
    assert predict("in.vcf", "-f", "genome.fa", "-m", "variants", "--dry-run").stdout.startswith("records\t2\n")
    scored = CliRunner().invoke(
        cli, ["score", "-m", "lm", "-f", "genome.fa", "--scores", "llr,head:variants", "in.vcf", "--threads", "1"]
    )
    assert scored.exit_code == 2  # no such model
    save_model(small_model(), here / "lm")
    words = ["score", "-m", "lm", "-f", "genome.fa", "--scores", "llr,head:variants", "in.vcf", "--threads", "1"]
    scored = CliRunner().invoke(cli, words)
    assert scored.exit_code == 0 and ";DM_LLR=" in scored.stdout and ";DM_HEAD_bad=" in scored.stdout


@pytest.mark.parametrize(
    ("source", "model", "name"), [("rows.fa", "classes", "p.tsv"), ("genome.fa", "genes", "g.bed")]
)
def test_shards_are_merged_into_one_run(here, source, model, name):
    words = [source, "-m", model, "--no-version"]
    assert predict(*words, "-o", name).exit_code == 0
    shards = [f"{i}.{name}" for i in (1, 2, 3, 4)]
    for i, shard in enumerate(shards, 1):
        assert predict(*words, "-o", shard, "--shard", f"{i}/4").exit_code == 0
    merged = CliRunner().invoke(cli, ["merge", *reversed(shards), "-o", f"merged.{name}"])
    assert merged.exit_code == 0
    assert (here / f"merged.{name}").read_bytes() == (here / name).read_bytes()


def test_a_dry_run_writes_nothing(here):
    assert predict("rows.fa", "-m", "classes", "-o", "p.tsv", "--dry-run").stdout.startswith("rows\t202\n")
    assert predict("genome.fa", "-m", "genes", "-o", "g.bed", "--dry-run").stdout.startswith("bases\t466\n")
    assert not list(here.glob("*.tsv")) and not list(here.glob("*.bed"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rows.fa", "-m", "lm"], "is a language model, not a model with a head"),
        (["rows.fa", "-m", "gone"], "gone"),
        (["gone.fa", "-m", "classes"], r"gone.fa: cannot be read"),
        (["rows.fa", "-m", "classes", "-o", "p.bw"], "one answer a sequence"),
        (["rows.fa", "-m", "classes", "-o", "p.bed"], "BED needs places"),
        (["rows.fa", "-m", "classes", "-O", "z"], "VCF holds variants"),
        (["i.bed", "-m", "classes"], "intervals have no letters"),
        (["in.vcf", "-m", "classes"], "is VCF, and the head answers sequences"),
        (["in.vcf", "-m", "variants"], "needs their genome"),
        (["t.tsv", "-m", "classes"], "no column 'sequence'"),
        (["genome.fa", "-m", "tracks", "-o", "g.gff3"], "not those of an annotation"),
        (["genome.fa", "-m", "genes", "-o", "g.gff3", "-r", "c:1-9"], "whole contigs"),
        (["genome.fa", "-m", "genes", "-r", "x:1-9"], "x"),
        (["genome.fa", "-m", "genes", "--window", "8", "--overlap", "8"], "overlap"),
        (["-", "-m", "classes", "--shard", "1/2"], "read twice"),
        (["rows.fa", "-m", "classes", "--window", "0"], "--window: has no meaning for a head for classification"),
        (["genome.fa", "-m", "genes", "--max-length", "9"], "--max-length: has no meaning for a head for bases"),
        (["in.vcf", "-f", "genome.fa", "-m", "variants", "--genetic-code", "4"], "--genetic-code: has no meaning"),
        (["i.bed", "-f", "genome.fa", "-m", "genes", "-r", "c:1-9"], "--region: has no meaning for places of a BED"),
    ],
)
def test_mistakes_get_one_line(here, words, said):
    save_model(small_model(), here / "lm")
    (here / "i.bed").write_text("c\t0\t30\n")
    (here / "t.tsv").write_text("name\tdna\nx\tACGT\n")
    write_vcf(here / "in.vcf", [("c", 50, "A", "C")])
    before = sorted(here.iterdir())
    result = predict(*words)
    assert (result.exit_code, result.stdout) == (2, "") and said in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert sorted(here.iterdir()) == before


SLOWED = """
import time
from dna_mamba.runs.array_store import ArrayStore
from dna_mamba.runs.line_store import LineStore

def slowed(keep):
    def keep_and_wait(self, *what):
        keep(self, *what)
        time.sleep(0.5)
    return keep_and_wait

ArrayStore.write, LineStore.commit = slowed(ArrayStore.write), slowed(LineStore.commit)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("model", "name"), [("classes", "p.tsv"), ("genes", "p.bed")])
def test_killed_and_resumed_it_ends_as_one_run(here, model, name):
    n_contigs, length = (4, 9_000) if model == "genes" else (300, 30)
    write_fasta(here / "big.fa", {f"c{i}": random_sequence(length, i) for i in range(n_contigs)})
    words = ["big.fa", "-m", model, "--no-version", "-o"]
    assert predict(*words, "whole." + name).exit_code == 0
    process, progress = start(SLOWED, "predict", *words, name, "--threads", "1"), progress_directory(here / name)
    deadline = time.monotonic() + 120
    while not _has_some(progress):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "nothing was kept in time"
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert progress.is_dir() and not (here / name).exists()
    assert predict(*words, name, "--resume").exit_code == 0
    assert (here / name).read_bytes() == (here / ("whole." + name)).read_bytes() and not progress.exists()


def _has_some(progress):
    journal = progress / "journal"
    return any(progress.glob("*.f32")) or (journal.exists() and journal.stat().st_size > 0)
