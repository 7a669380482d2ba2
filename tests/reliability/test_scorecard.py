"""The table of promises names thirty rows and tests that exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reliability.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def rows():
    return {int(line.split("|")[1]): line for line in PAGE.read_text().splitlines() if re.match(r"\| \d+ \|", line)}


@pytest.mark.skipif(not PAGE.exists(), reason="the pages are not part of this distribution")
def test_every_row_names_tests_that_exist():
    found = rows()
    assert sorted(found) == list(range(1, 31))
    for number, line in found.items():
        named = NAMED.findall(line)
        assert named, number
        for path, name in named:
            functions = {
                node.name for node in ast.parse((ROOT / path).read_text()).body if isinstance(node, ast.FunctionDef)
            }
            assert not name or name in functions, f"row {number}: {path}::{name}"


@pytest.mark.skipif(not PAGE.exists(), reason="the pages are not part of this distribution")
def test_every_test_of_a_row_is_named():
    text = PAGE.read_text()
    for path in sorted((ROOT / "tests" / "reliability").glob("test_*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and (match := re.match(r"test_rows?_(\d+)", node.name)):
                line = rows()[int(match[1])]
                assert str(path.relative_to(ROOT)) in line, node.name
    assert "test_row" in text
