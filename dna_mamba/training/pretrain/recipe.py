"""The recipe of a pretraining run: one YAML file, every key checked, ``key.path=value`` overrides."""

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from dna_mamba.data.held_out import HeldOutPlan
from dna_mamba.data.masking import MaskingPolicy
from dna_mamba.errors import InputError
from dna_mamba.models import ModelConfig, preset
from dna_mamba.tokenizers import KmerTokenizer, from_config
from dna_mamba.training.loop.optimiser import OptimiserConfig


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GenomeConfig(_Section):
    """FASTA files, relative to the working directory, and the contigs held out, by name or shell pattern."""

    fasta: list[str] = Field(min_length=1)
    validation: list[str] = Field(min_length=1)
    test: list[str] = []
    exclude: list[str] = []

    @model_validator(mode="before")
    @classmethod
    def _one_file_is_a_list(cls, values: Any) -> Any:
        if isinstance(values, dict) and isinstance(values.get("fasta"), str):
            return values | {"fasta": [values["fasta"]]}
        return values


class BatchConfig(_Section):
    """What one step reads: ``windows`` windows of ``window_bp``."""

    window_bp: int = Field(default=1024, gt=0)
    windows: int = Field(default=8, gt=0)


class ScheduleConfig(_Section):
    """Length of the run and what happens when, in steps."""

    steps: int = Field(gt=0)
    evaluate_every: int = Field(default=500, gt=0)
    checkpoint_every: int = Field(default=500, gt=0)
    keep_checkpoints: int = Field(default=2, gt=0)


class AboutConfig(_Section):
    """What the model card says beyond what the run itself knows; Markdown."""

    name: str = "Untitled model"
    description: str = ""
    data: str = ""
    licence: str = "not stated"
    citation: str = ""


class Recipe(_Section):
    """Everything a run depends on besides the files it reads."""

    about: AboutConfig = AboutConfig()
    genome: GenomeConfig
    tokenizer: dict[str, Any] = {"kind": "nucleotide", "vocabulary": "caduceus"}
    model: dict[str, Any] = {"size": "tiny"}
    batch: BatchConfig = BatchConfig()
    masking: MaskingPolicy = MaskingPolicy()
    optimiser: OptimiserConfig = OptimiserConfig()
    schedule: ScheduleConfig
    validation: HeldOutPlan = HeldOutPlan(phases=2, max_windows=64)
    test: HeldOutPlan = HeldOutPlan()
    precision: Literal["float32", "bfloat16"] = "float32"
    recompute: bool = False
    seed: int = Field(default=0, ge=0)

    def model_config_of(self) -> ModelConfig:
        """The model this recipe trains: a default size, its keys overridden, or a shape given in full."""
        values = dict(self.model)
        size = values.pop("size", None if "d_model" in values else "tiny")
        if size is None:
            return ModelConfig.model_validate({**values, "tokenizer": self.tokenizer})
        return preset(size, self.tokenizer, **values)


def read_recipe(path: str | Path, overrides: tuple[str, ...] = ()) -> Recipe:
    """A recipe from a YAML file with ``a.b=value`` overrides, values read as YAML.

    Raises:
        InputError: the file is missing or no YAML mapping, or a key is unknown, missing or out of range.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read ({error})", place=path, remedy="give a YAML recipe") from None
    except yaml.YAMLError as error:
        raise InputError(f"is no YAML: {' '.join(str(error).split())}", place=path, remedy="correct it") from None
    if not isinstance(content, dict):
        raise InputError("is no YAML mapping", place=path, remedy="see pipelines/recipes for examples")
    for override in overrides:
        _apply(content, override)
    return parse_recipe(content, path)


def parse_recipe(content: object, place: str | Path) -> Recipe:
    """Validate a recipe, model included, naming the first wrong key."""
    try:
        recipe = Recipe.model_validate(content)
        recipe.model_config_of()
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "recipe"
        raise InputError(f"{key}: {first['msg']}", place=place, remedy="correct the recipe or --set") from None
    _check_tokenizer(recipe, place)
    return recipe


def _check_tokenizer(recipe: Recipe, place: str | Path) -> None:
    tokenizer = from_config(recipe.tokenizer)
    if isinstance(tokenizer, KmerTokenizer) and tokenizer.stride < tokenizer.k:
        raise InputError(
            f"tokenizer: {tokenizer.k}-mers every {tokenizer.stride} bases overlap: neighbours give a masked one away",
            place=place,
            remedy=f"set tokenizer.stride={tokenizer.k}",
        )
    if tokenizer.base_ids is None and recipe.masking.soft_mask_weight != 1:
        raise InputError(
            f"masking.soft_mask_weight: tokenizer {tokenizer.kind!r} has no weight for a single base",
            place=place,
            remedy="set it to 1 or use the nucleotide tokenizer",
        )


def _apply(content: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not all(key.split(".")):
        raise InputError(f"--set {override!r} is not key=value", remedy="write, for example, --set schedule.steps=100")
    *parents, leaf = key.split(".")
    for parent in parents:
        content = content.setdefault(parent, {})
        if not isinstance(content, dict):
            raise InputError(f"--set {override!r}: {parent!r} is not a section of the recipe")
    try:
        content[leaf] = yaml.safe_load(text)
    except yaml.YAMLError:
        raise InputError(f"--set {override!r}: the value is no YAML", remedy="quote it") from None
