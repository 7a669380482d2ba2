"""Examples of the pages run as they stand and print what the page says."""

import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGES = sorted(path for path in DOCS.glob("*.md") if ">>>" in path.read_text(encoding="utf-8"))


def test_there_are_examples():
    assert {path.name for path in PAGES} >= {"python.md", "embeddings.md"}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_examples_print_what_the_page_says(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert tried and not failed, capsys.readouterr().out
    assert not list(tmp_path.iterdir())
