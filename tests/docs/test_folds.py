"""The page on folds: its example prints what it shows."""

import random
from pathlib import Path

import pytest

from dna_mamba.alphabet import reverse_complement
from tests.docs.pages import blocks_of

PAGE = Path(__file__).parents[2] / "docs" / "folds.md"


def mutated(sequence: str) -> str:
    """Three of 60 bases replaced."""
    swapped = {"A": "C", "C": "G", "G": "T", "T": "A"}
    return "".join(swapped[base] if at in (5, 25, 45) else base for at, base in enumerate(sequence))


def test_leaks_of_the_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    draw = random.Random(0)
    rows = [(f"r{row}", "".join(draw.choices("ACGT", k=60)), "train" if row <= 30 else "test") for row in range(1, 38)]
    first, second, third = (rows[at][1] for at in range(3))
    rows += [("a", first, "test"), ("b", reverse_complement(second), "test"), ("c", mutated(third), "test")]
    lines = [f"{name}\t{letters}\t{'yn'[at % 2]}\t{part}" for at, (name, letters, part) in enumerate(rows)]
    Path("data.tsv").write_text("\n".join(["id\tsequence\tlabel\tsplit", *lines, ""]))
    (code,) = (block.text for block in blocks_of(PAGE) if block.language == "python")
    (printed,) = (block.text for block in blocks_of(PAGE) if block.language == "text")
    exec(compile(code, str(PAGE), "exec"), {})
    assert capsys.readouterr().out == printed
