import hashlib

import pytest
from click.testing import CliRunner

from dna_mamba.cli.main import cli


@pytest.fixture
def listing(packaged_model, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")
    result = CliRunner().invoke(cli, ["models"])
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "minute"
    return {line.split()[0]: line.split(maxsplit=1)[1] for line in lines[1:]}


def test_the_list_says_what_the_card_says(listing, packaged_model):
    assert listing["parameters"] == "1,234 (1 layer)"
    assert listing["sequence"] == "phage lambda: 48,502 bp"
    assert listing["licence"] == "Apache-2.0"
    assert listing["path"] == str(packaged_model.path)
    assert "command" not in listing


def test_the_list_says_what_the_files_say(listing, packaged_model):
    weights = (packaged_model.path / "model.safetensors").read_bytes()
    assert listing["sha-256"] == hashlib.sha256(weights).hexdigest()
    assert listing["tokenizer"].startswith("nucleotide")


def test_without_a_fact_in_the_card_parameters_are_counted(packaged_model):
    card = packaged_model.path / "CARD.md"
    card.write_text("# minute\n")
    result = CliRunner().invoke(cli, ["models"])
    assert f"{packaged_model.n_parameters:,}" in result.stdout
    assert "see the card" in result.stdout


def test_the_card(packaged_model):
    card = (packaged_model.path / "CARD.md").read_text()
    for model in ("minute", str(packaged_model.path)):
        assert CliRunner().invoke(cli, ["models", model]).stdout == card


def test_an_unknown_name_lists_those_there_are(packaged_model):
    result = CliRunner().invoke(cli, ["models", "minite"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "cli: minite: no such model; give a model directory or a packaged name (minute)\n"


def test_a_directory_without_a_card(tmp_path, packaged_model):
    result = CliRunner().invoke(cli, ["models", str(tmp_path)])
    assert result.exit_code == 2
    assert str(tmp_path / "CARD.md") in result.stderr
