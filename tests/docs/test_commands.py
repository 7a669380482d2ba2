"""Pages about training hold when they are followed: their recipes, their commands, and the figures that they show."""

import gzip
import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from dna_mamba.checkpoints import load_model
from dna_mamba.cli.main import cli
from dna_mamba.training.loop.log import read_log
from dna_mamba.training.pretrain.recipe import parse_recipe
from tests.docs.pages import blocks_of, is_printed
from tests.training.toy_genome import write_genome

DOCS = Path(__file__).parent.parent.parent / "docs"
WITHIN = 0.003
"""How far a loss may be from the page's: other machines and numbers of threads round otherwise."""
SMALL = (
    *("--set", "model={d_model: 16, n_layer: 1, d_state: 4, reverse_complement: post-hoc}"),
    *("--set", "schedule={steps: 6, evaluate_every: 3}"),
    *("--set", "batch={window_bp: 64, windows: 4}"),
    *("--set", "validation={window_bp: 64, margin_bp: 8, phases: 1}"),
    *("--set", "test={window_bp: 64, margin_bp: 8, phases: 1}"),
)


def follow(page: str, *settings: str) -> str:
    """Write the page's files, run its commands in order (``settings`` after those that train); all they print.

    Without settings they must print what the page says.
    """
    printed = ""
    for block in blocks_of(DOCS / page):
        if block.language == "yaml" and block.file:
            Path(block.file).write_text(block.text)
        for program, *words in block.commands if block.language == "sh" else ():
            assert program == "dna-mamba"
            more = settings if words[0] == "pretrain" else ()
            result = CliRunner().invoke(cli, [*words, *more])
            assert result.exit_code == 0, result.output
            printed += result.output
        if block.language == "text" and not settings:
            for line in block.text.splitlines():
                assert is_printed(line, printed, within=WITHIN), f"{line!r} is not in\n{printed}"
    return printed


def held_out(run: str) -> list[float]:
    rows = read_log(Path(run) / "log.jsonl")
    return [row["bits_per_base"] for row in rows if row["event"] == "evaluate" and row["split"] == "validation"]


def test_a_released_model_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("docs").symlink_to(DOCS)
    printed = follow("continued-pretraining.md", "--set", "schedule.steps=1", "--set", "validation.max_windows=1")
    assert "continued from caduceus-yeast" in printed and Path("lambda.svg").exists()
    assert "continued from caduceus-yeast" in Path("runs/lambda/model/CARD.md").read_text()


@pytest.mark.slow
def test_continuing_a_released_model_lowers_held_out_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("docs").symlink_to(DOCS)
    follow("continued-pretraining.md")
    assert json.loads(Path("caduceus-yeast/config.json").read_text())["model_type"] == "caduceus"
    first, *_, last = held_out("runs/lambda")
    marks = next(row for row in read_log(Path("runs/lambda/log.jsonl")) if row["event"] == "baselines")
    assert last < first - 0.005 and last < min(marks["bits_per_base"].values())
    assert load_model("runs/lambda/model").config.trained_window_bp == 512


def test_a_genome_becomes_a_model_that_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_genome(Path("plain.fa"))
    Path("genome.fa.gz").write_bytes(gzip.compress(Path("plain.fa").read_bytes()))
    sequence = "".join(line for line in Path("plain.fa").read_text().splitlines()[:2] if line[0] != ">")
    header = "##fileformat=VCFv4.3\n##contig=<ID=train>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    alt = "A" if sequence[299] != "A" else "C"
    Path("variants.vcf").write_text(f"{header}train\t300\t.\t{sequence[299]}\t{alt}\t.\t.\t.\n")
    printed = follow("pretraining.md", *SMALL)
    assert "memory of a process" in printed and "tokens/s" in printed
    assert Path("curve.svg").stat().st_size > 1000 and "resumed after step 6" in printed
    assert Path("runs/my-yeast/model/CARD.md").read_text().startswith("# my-yeast\n")
    record = Path("scored.vcf").read_text().splitlines()[-1]
    assert record.startswith("train\t300\t") and "LLR=" in record


@pytest.mark.parametrize("page", ["pretraining.md", "continued-pretraining.md", "data.md", "splits.md"])
def test_sections_of_recipes_are_valid(page: str) -> None:
    sections = [block for block in blocks_of(DOCS / page) if block.language == "yaml"]
    assert sections
    for block in sections:
        content = {"genome": {}, "schedule": {"steps": 2000}} | yaml.safe_load(block.text)
        source = {} if "store" in content["genome"] else {"fasta": "a.fa"}
        parse_recipe(content | {"genome": {"validation": []} | source | content["genome"]}, f"{page}: {block.text}")
