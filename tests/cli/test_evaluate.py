"""``dna-mamba evaluate``: a group; what its commands print and write."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dna_mamba.checkpoints import save_model, weights_sha256
from dna_mamba.cli.evaluate import COMMANDS
from dna_mamba.cli.main import cli
from tests.evaluation.genes import World, write_world
from tests.worlds import small_model

OPTIONS = ("--held-out", "chr1", "--held-out", "chr2", "--per-class", "5", "--resamples", "20")


@pytest.fixture
def world(tmp_path: Path) -> World:
    save_model(small_model(), tmp_path / "model")
    return write_world(tmp_path)


def run(world: World, *words: str) -> Result:
    model = str(world.genome.with_name("model"))
    usual = ["-m", model, "--context", "33", "--threads", "1"]
    return CliRunner().invoke(cli, ["evaluate", "consequences", str(world.genome), str(world.genes), *usual, *words])


def test_the_group_lists_its_commands() -> None:
    result = CliRunner().invoke(cli, ["evaluate", "--help"])
    assert result.exit_code == 0
    assert all(f"{name} " in result.output and line in result.output for name, line in COMMANDS.items())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_the_debug_option(name: str) -> None:
    result = CliRunner().invoke(cli, ["evaluate", name, "-h"])
    assert result.exit_code == 0 and "--debug" in result.output and f"evaluate {name}" in result.output


def test_a_bare_group_and_an_unknown_command_are_usage_errors() -> None:
    for words, hint in ((["evaluate"], "consequences"), (["evaluate", "consequence"], "Did you mean 'consequences'")):
        result = CliRunner().invoke(cli, words)
        assert result.exit_code == 2 and hint in result.stderr and not result.stdout


def test_a_table_and_a_file(world: World, tmp_path: Path) -> None:
    result = run(world, *OPTIONS, "-o", str(tmp_path / "out.json"))
    assert result.exit_code == 0, result.stderr
    written = json.loads((tmp_path / "out.json").read_text())
    assert written["weights_sha256"] == weights_sha256(tmp_path / "model")
    assert written["held_out"] == ["chr1", "chr2"] and written["scored"] == dict.fromkeys(written["scored"], 5)
    head, *table = [line.split("\t") for line in result.stdout.splitlines()]
    assert head == ["comparison", "within", "score", "auroc", "low", "high"]
    assert len(table) == 2 * 4 * 6
    for comparison, within, score, *numbers in table:
        stated = written["auroc"][comparison][within][score]
        assert [f"{stated[key]:.3f}" for key in ("value", "low", "high")] == numbers
    assert "2 genes; substitutions" in result.stderr


def test_output_is_replaced_with_force_alone(world: World, tmp_path: Path) -> None:
    (tmp_path / "out.json").write_text("old")
    refused = run(world, *OPTIONS, "-o", str(tmp_path / "out.json"))
    assert refused.exit_code == 2 and "exists already" in refused.stderr
    assert (tmp_path / "out.json").read_text() == "old"
    assert run(world, *OPTIONS, "-o", str(tmp_path / "out.json"), "--force").exit_code == 0
    assert json.loads((tmp_path / "out.json").read_text())["seed"] == 0


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--held-out", "chr9"], "no contig 'chr9'"),
        (["--held-out", "chr3"], "no coding sequence on the held-out contigs"),
        (["--held-out", "chr1", "--exclude", "chr2", "--exclude", "chr3"], "no contig is left"),
        (["--held-out", "chr1", "--genetic-code", "99"], "no genetic code 99"),
        ([], "Missing option '--held-out'"),
    ],
)
def test_mistakes(words: list[str], hint: str, world: World) -> None:
    result = run(world, *words)
    assert (result.exit_code, result.stdout) == (2, "") and hint in result.stderr.splitlines()[-1]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_imports_nothing_heavy(name: str) -> None:
    probe = (
        "import sys; from dna_mamba.cli.main import cli\n"
        f"try: cli.main(['evaluate', {name!r}, '--help'])\n"
        "except SystemExit: print(*({'torch', 'numpy', 'sklearn', 'pysam'} & sys.modules.keys()), file=sys.stderr)"
    )
    assert subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True).stderr == "\n"
