"""Fixtures of the training tests."""

from pathlib import Path

import pytest

from tests.training.toy_genome import write_recipe


@pytest.fixture
def recipe_path(tmp_path: Path) -> Path:
    return write_recipe(tmp_path)
