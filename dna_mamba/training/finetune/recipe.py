"""The recipe of a fine-tuning run: everything it depends on besides the files it reads."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from dna_mamba.data.folds import FoldPlan
from dna_mamba.errors import InputError
from dna_mamba.training.finetune.checks import refuse_contradictions
from dna_mamba.training.finetune.sections import (
    BASELINES,
    Baseline,
    DataSection,
    HeadSection,
    How,
    ProbeSection,
    TrainingSection,
)
from dna_mamba.training.recipe_yaml import TextKeys, apply_override, read_yaml
from dna_mamba.training.section import Section


class FinetuneRecipe(Section):
    """Everything a run depends on besides the files it reads."""

    model: str
    data: DataSection = DataSection()
    folds: FoldPlan = FoldPlan()
    leaks: Literal["drop", "keep", "refuse"] = "drop"
    how: How = "probe"
    probe: ProbeSection = ProbeSection()
    head: HeadSection = HeadSection()
    training: TrainingSection = TrainingSection()
    class_weights: Literal["none", "balanced"] = "none"
    baselines: tuple[Baseline, ...] = BASELINES
    seeds: int = Field(default=1, gt=0, le=1000)

    @field_validator("baselines", mode="before")
    @classmethod
    def _names_in_one_text(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return () if value == "none" else tuple(part.strip() for part in value.split(",") if part.strip())

    @model_validator(mode="after")
    def _there_is_data(self) -> "FinetuneRecipe":
        data = self.data
        if not (data.files or data.variants or data.annotation or data.signal):
            raise ValueError("data: no labelled rows: give a table, --variants, --signal or --annotation")
        if (data.variants or data.annotation or data.signal) and not data.genome:
            raise ValueError("data.genome: places on a genome need the genome: give --genome")
        if data.annotation and len(data.annotation) != len(data.genome):
            given = f"{len(data.annotation)} annotations for {len(data.genome)} genomes"
            raise ValueError(f"data.annotation: {given}: give one of each, in the same order")
        return self


_TEXT = TextKeys(
    frozenset(
        {
            ("model",),
            *(("data", key) for key in DataSection.model_fields if key not in ("task", "window_bp", "bin_bp")),
        }
    )
)


def read_finetune_recipe(
    path: str | Path | None, flags: Mapping[str, Any], overrides: tuple[str, ...] = ()
) -> FinetuneRecipe:
    """The recipe in a YAML file, if there is one, with what flags say of it (``a.b`` to value), then ``a.b=value``.

    The kind of folds is filled in where a column, groups or families imply it, so that what is written means the same.

    Raises:
        InputError: the file cannot be read, a key is unknown, missing or out of range, or keys contradict each other.
    """
    content = {} if path is None else read_yaml(path, text=_TEXT)
    for key, value in flags.items():
        _put(content, key.split("."), value)
    for override in overrides:
        apply_override(content, override, _TEXT)
    try:
        recipe = FinetuneRecipe.model_validate(content)
    except ValidationError as error:
        raise _refusal(error, path) from None
    refuse_contradictions(recipe.data, recipe.folds, recipe.class_weights)
    return recipe.model_copy(update={"folds": _plan_of(recipe)})


def recipe_text(recipe: FinetuneRecipe) -> str:
    """YAML with every default filled in."""
    return yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False)


def _plan_of(recipe: FinetuneRecipe) -> FoldPlan:
    """The folds of the recipe: those that a column, groups or families imply where nothing else was said."""
    data, implied = recipe.data, None
    if "kind" not in recipe.folds.model_fields_set:
        named = {"column": data.fold_column, "group": data.group, "homology": data.families}
        implied = next((kind for kind, name in named.items() if name is not None), None)
    return recipe.folds if implied is None else recipe.folds.model_copy(update={"kind": implied})


def _put(content: dict[str, Any], path: list[str], value: Any) -> None:
    for parent in path[:-1]:
        if not isinstance(content.get(parent), dict):
            content[parent] = {}
        content = content[parent]
    content[path[-1]] = value


def _refusal(error: ValidationError, path: str | Path | None) -> InputError:
    """The first of what is wrong, in one line."""
    first = error.errors()[0]
    key, given = ".".join(str(part) for part in first["loc"]), first["input"]
    remedy = "correct the flag, the recipe or --set"
    if first["type"] == "extra_forbidden":
        return InputError(f"{key}: no such key", place=path, remedy=remedy)
    if first["type"] == "missing":
        return InputError(f"{key}: is missing", place=path, remedy="give -m MODEL" if key == "model" else remedy)
    value = f" {given!r}" if isinstance(given, str | int | float) else ""
    message = first["msg"].removeprefix("Value error, ")
    return InputError(f"{key}{value}: {message}" if key else message, place=path, remedy=remedy)
