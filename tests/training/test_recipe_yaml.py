"""Recipes as YAML: names stay as they are written, other values become what YAML says."""

from pathlib import Path

import pytest

from dna_mamba.errors import InputError
from dna_mamba.training.recipe_yaml import TextKeys, apply_override, read_yaml

TEXT = TextKeys(frozenset({("data", "label"), ("name",)}), of_items=("bed",))


def test_keys_of_text_stay_as_written_and_others_do_not(tmp_path: Path) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text("name: 010\ndata: {label: [on, 1:30, {bed: 2, share: 2}], seed: 010}\n")
    assert read_yaml(recipe, text=TEXT) == {
        "name": "010",
        "data": {"label": ["on", "1:30", {"bed": "2", "share": 2}], "seed": 8},
    }
    assert read_yaml(recipe)["data"]["label"] == [True, 90, {"bed": 2, "share": 2}]


def test_what_is_set_is_read_alike() -> None:
    content: dict[str, object] = {}
    for override in ("data.label=2", "data.seed=2", "data.off=no"):
        apply_override(content, override, TEXT)
    assert content == {"data": {"label": "2", "seed": 2, "off": False}}
    with pytest.raises(InputError, match="'data' is not a section"):
        apply_override({"data": 1}, "data.seed=2")
