"""``dna-mamba evaluate model``: the table, the JSON, the figure, and mistakes in one line."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dna_mamba.checkpoints import save_model, weights_sha256
from dna_mamba.cli.main import cli
from tests.evaluation.knowledge.worlds import SmallGenome, write_small_genome
from tests.worlds import small_model


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> SmallGenome:
    directory: Path = tmp_path_factory.mktemp("small")
    save_model(small_model(), directory / "model")
    return write_small_genome(directory)


def run(small: SmallGenome, *words: str) -> Result:
    model = str(small.genome.with_name("model"))
    usual = ["-m", model, "--context", "64", "--threads", "1", "--sites", "60", "--resamples", "20"]
    files = ["--genome", str(small.genome), "--annotation", str(small.annotation)]
    return CliRunner().invoke(cli, ["evaluate", "model", *usual, *files, *words])


def test_one_table_that_the_json_repeats(small: SmallGenome, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    words = ("--held-out", "chr1", "-o", str(out), "--figure", str(tmp_path / "motifs.svg"))
    result = run(small, *words)
    assert result.exit_code == 0, result.stderr
    head, rule, *rows = [line.strip("| ").split(" | ") for line in result.stdout.splitlines()]
    assert head[:4] == ["asked", "of", "n", "model"] and set("".join(rule)) <= set("-: ")
    written = json.loads(out.read_text())
    assert written["weights_sha256"] == weights_sha256(small.genome.with_name("model"))
    assert written["held_out"] == [f"chr1:1-{len(small.contigs['chr1'])}"] and written["context_bp"] == 64
    for asked, key in (("bits a base", "bits_per_base"), ("bits a position over Markov", "motifs")):
        found = {of: cell for what, of, _, cell, *_ in rows if what == asked}
        source = "model" if key == "bits_per_base" else "at_motif"
        stated = {of: entry[source]["value"] for of, entry in written[key].items()}
        assert {of: cell.split(" ")[0] for of, cell in found.items()} == {k: f"{v:.3f}" for k, v in stated.items()}
    assert {"intron", "tRNA", "repeat"} <= written["bits_per_base"].keys() and written["motifs"]
    assert "nonsense against synonymous" in written["consequences"]["auroc"]
    for step in ("held out:", "counted", "asked", "scored", "read"):
        assert step in result.stderr
    assert (tmp_path / "motifs.svg").read_text().startswith("<?xml")
    assert run(small, *words[:4]).exit_code == 2  # exists already


def test_json_is_the_same_twice_and_the_seed_changes_it(small: SmallGenome) -> None:
    one, again, other = (run(small, "--json", "--held-out", "chr2", "--seed", seed) for seed in ("0", "0", "1"))
    assert one.exit_code == 0 and one.stdout == again.stdout != other.stdout
    assert json.loads(one.stdout)["seed"] == 0


def test_the_last_tenth_is_held_out_by_default(small: SmallGenome) -> None:
    result = run(small, "--json")
    assert result.exit_code == 0, result.stderr
    assert "the last tenth of each contig" in result.stderr
    found = json.loads(result.stdout)
    total = sum(map(len, small.contigs.values()))
    assert len(found["held_out"]) == 3 and found["held_out_bp"] == pytest.approx(total / 10, abs=3)
    assert found["not_asked"] and "NaN" not in result.stdout


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--held-out", "chr9"], "--held-out: no contig matches 'chr9'"),
        (["--held-out", "chr*"], "no sequence is left to train on"),
        (["--held-out", "chr3"], "annotates nothing on chr3:1-4000"),
        (["--held-out", "chr1:5-1"], "--held-out"),
        (["--held-out", "chr1", "--genetic-code", "99"], "no genetic code 99"),
        (["--held-out", "chr1", "--figure", "a.gif"], "figure format 'gif'"),
    ],
)
def test_mistakes(words: list[str], hint: str, small: SmallGenome) -> None:
    result = run(small, *words)
    assert (result.exit_code, result.stdout) == (2, "") and hint in result.stderr.splitlines()[-1]


def test_the_annotation_of_another_genome(small: SmallGenome, tmp_path: Path) -> None:
    other = tmp_path / "other.gff3"
    other.write_text(small.annotation.read_text().replace("chr", "scaffold_"))
    result = run(small, "--annotation", str(other))
    assert result.exit_code == 2 and "annotates 'scaffold_1', 'scaffold_2'" in result.stderr.splitlines()[-1]
    other.write_text("##gff-version 3\n")
    result = run(small, "--annotation", str(other))
    assert result.exit_code == 2 and "has no CDS" in result.stderr.splitlines()[-1]
