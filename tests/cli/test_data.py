"""``dna-mamba data pack`` and ``info`` as people run them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dna_mamba.cli.main import cli


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, list(map(str, words)))


@pytest.fixture
def genome(tmp_path: Path) -> Path:
    path = tmp_path / "yeast.fa"
    path.write_text(">chrI\nACGTacgtNN\n>chrII\nGGCC\n")
    return path


def test_pack_then_info(genome: Path, tmp_path: Path) -> None:
    (tmp_path / "list.tsv").write_text("yeast.fa\tsc\t2\n")
    packed = run("data", "pack", genome, tmp_path / "list.tsv", "-o", tmp_path / "store")
    assert packed.exit_code == 0 and "2 genomes, 4 contigs" in packed.stderr
    table = [line.split("\t") for line in run("data", "info", tmp_path / "store", "--verify").stdout.splitlines()]
    assert table[0][:7] == ["genome", "contigs", "bp", "gc", "soft_masked", "n", "weight"]
    assert table[1][:7] == ["yeast", "2", "14", "0.6667", "0.2857", "0.1429", "1"]
    assert table[2][0] == "sc" and table[2][6] == "2" and table[2][7] == "yeast.fa"
    facts = json.loads(run("data", "info", tmp_path / "store", "--json").stdout)
    assert facts["contigs"] == 4 and facts["genomes"][0]["gc_bp"] == 8 and not facts["verified"]


def test_mistakes_are_one_line(genome: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    assert run("data", "pack", genome, "-o", store).exit_code == 0
    for words, message in (
        (("info", genome), "is a file, not a genome store"),
        (("info", tmp_path / "gone"), "no such genome store"),
        (("pack", genome, "-o", store), "exists already"),
        (("pack", genome, genome, "-o", tmp_path / "new"), "two genomes are called 'yeast'"),
        (("pack", tmp_path / "gone.fa", "-o", tmp_path / "new"), "cannot be read"),
        (("pack", genome, "-o", tmp_path, "--force"), "is not a genome store"),
    ):
        result = run("data", *words)
        assert result.exit_code == 2 and message in result.stderr, result.stderr
        assert result.stderr.count("\n") == 1
    assert run("data", "pack", genome, "-o", store, "--force").exit_code == 0
    with open(store / "bases.bin", "r+b") as file:
        file.write(b"\1")
    result = run("data", "info", store, "--verify")
    assert result.exit_code == 2 and "was altered" in result.stderr
