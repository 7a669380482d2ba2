"""The page on own labels holds when it is followed, with fewer rows and a smaller model than a reader's."""

import csv
import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from dna_mamba.checkpoints import save_model
from dna_mamba.cli.main import cli
from dna_mamba.training.finetune import read_finetune_recipe
from tests.docs.pages import blocks_of
from tests.worlds import small_model

PAGE = Path(__file__).parent.parent.parent / "docs" / "finetuning.md"


def write_tata(directory: Path, n_rows: int = 60) -> None:
    draw = random.Random(2)
    lines = ["sequence\tlabel"]
    for row in range(n_rows):
        letters = "".join(draw.choices("ACGT", k=draw.randint(40, 60)))
        box = "TATAAATA" if row % 2 else "GCCGTCCG"
        lines.append(f"{letters[:20]}{box}{letters[20:]}\t{'tata' if row % 2 else 'none'}")
    (directory / "tata.tsv").write_text("\n".join(lines) + "\n")
    (directory / "new.fa").write_text(">one\nACGATCGATTATAAATAGCTAGCAT\n>two\nACGATCGGCCGTCCGATGCTAGCAT\n")


def test_a_table_becomes_a_judged_model_and_predictions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_tata(tmp_path)
    save_model(small_model(), tmp_path / "small")
    commands = [words for block in blocks_of(PAGE) if block.language == "sh" for words in block.commands]
    assert [words[1] for words in commands] == ["finetune", "finetune", "predict"]
    for program, *words in commands:
        assert program == "dna-mamba"
        result = CliRunner().invoke(cli, ["small" if word == "yeast-tiny" else word for word in words])
        assert result.exit_code == 0, result.output
        assert Path("run").exists() == ("--dry-run" not in words)
    methods = json.loads(Path("run/results.json").read_text())["methods"]
    page = PAGE.read_text()
    assert all(f"| {name} |" in page for name in methods)
    assert methods["kmer-logistic"]["auroc"]["mean"] > 0.9
    with Path("predictions.tsv").open() as stream:
        rows = list(csv.DictReader((line for line in stream if not line.startswith("##")), delimiter="\t"))
    assert [row.get("id", row.get("#id")) for row in rows] == ["one", "two"]
    assert float(rows[0]["tata"]) > float(rows[1]["tata"])


def test_the_recipe_of_the_page_is_valid(tmp_path: Path) -> None:
    (text,) = [block.text for block in blocks_of(PAGE) if block.language == "yaml"]
    (tmp_path / "r.yaml").write_text(text)
    recipe = read_finetune_recipe(tmp_path / "r.yaml", {})
    assert (recipe.how, recipe.training.epochs, recipe.seeds, recipe.data.files) == ("lora", 5, 3, ("tata.tsv",))
