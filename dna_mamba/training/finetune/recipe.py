"""The recipe of a fine-tuning run: everything it depends on besides the files it reads."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from dna_mamba.data.folds import FoldPlan
from dna_mamba.errors import InputError
from dna_mamba.models.pooling import Pooling
from dna_mamba.training.finetune.linear.model import Estimator
from dna_mamba.training.recipe_yaml import TextKeys, apply_override, read_yaml
from dna_mamba.training.section import Section

How = Literal["probe", "lora", "dora", "last-n", "full"]
Baseline = Literal["majority", "gc-length", "kmer-logistic", "cnn", "random-weights"]
BASELINES: tuple[Baseline, ...] = get_args(Baseline)
Task = Literal["classification", "multilabel", "regression", "variant", "annotation"]
Texts = tuple[str, ...]


class DataSection(Section):
    """Where labelled rows come from.

    ``files`` is one table (TSV, CSV, Parquet, BED), or a FASTA a class as ``name=path``. With ``genome`` rows are
    places on it: a BED or table of intervals, ``variants`` (VCF), or ``annotation``, one for each genome. ``label``
    names the columns of labels, or the field of the VCF (``INFO/CLASS``).
    """

    files: Texts = ()
    genome: Texts = ()
    annotation: Texts = ()
    variants: str | None = None
    sequence_column: str = "sequence"
    label: Texts = ()
    id_column: str | None = None
    group: str | None = None
    fold_column: str | None = None
    chrom_column: str | None = None
    families: str | None = None
    task: Task | None = None
    window_bp: int | None = Field(default=None, gt=0)

    @field_validator("files", "genome", "annotation", "label", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class ProbeSection(Section):
    """A linear model of pooled vectors.

    ``estimator`` auto takes logistic regression for classes and labels, ridge for values. ``pooling`` and ``strands``
    list what is tried in the training folds: ``joined`` averages both strands' vectors, so that a sequence and its
    reverse complement get one answer; ``given`` reads them side by side, for labels that belong to one strand.
    """

    estimator: Literal["auto", "logistic", "ridge", "svm"] = "auto"
    pooling: tuple[Literal["mean", "max", "center"], ...] = ("mean", "max", "center")
    strands: tuple[Literal["joined", "given"], ...] = ("joined",)

    def estimator_for(self, kind: str) -> Estimator:
        """What fits answers of this kind. Raises InputError for logistic regression of values."""
        if self.estimator == "auto":
            return "ridge" if kind == "values" else "logistic"
        if self.estimator == "logistic" and kind == "values":
            what = "logistic regression is for classes, and the task is regression"
            raise InputError(what, place="probe.estimator", remedy="take ridge or svm")
        return self.estimator


class HeadSection(Section):
    """The head of a model that is trained by gradients: see ``models.heads.HeadConfig``.

    ``auto`` takes the pooling, and of ``probe.strands`` those, whose linear probe predicts the validation rows best. A
    head without a hidden layer and without attention starts as that probe.
    """

    pooling: Pooling | Literal["auto"] = "auto"
    strands: Literal["joined", "given", "auto"] = "auto"
    hidden: int | None = Field(default=None, gt=0)
    dropout: float = Field(default=0.1, ge=0, lt=1)


class TrainingSection(Section):
    """Training by gradients, with AdamW: epochs over the training rows, the best of them on the validation rows.

    ``learning_rate`` is that of the last layer of the encoder; the head's is ``head_factor`` times that, and each layer
    below has ``layer_decay`` times the rate of the one above. ``patience`` epochs without a better loss end it.
    """

    epochs: int = Field(default=10, gt=0)
    patience: int = Field(default=3, gt=0)
    batch_sequences: int = Field(default=32, gt=0)
    learning_rate: float | None = Field(default=None, gt=0)
    head_factor: float = Field(default=5.0, gt=0)
    layer_decay: float = Field(default=0.9, gt=0, le=1)
    warmup: float = Field(default=0.1, ge=0, lt=1)
    weight_decay: float = Field(default=0.01, ge=0)
    clip_norm: float = Field(default=1.0, gt=0)
    precision: Literal["float32", "bfloat16"] = "float32"
    last_n: int = Field(default=2, gt=0)
    rank: int = Field(default=8, gt=0)
    alpha: float = Field(default=16.0, gt=0)
    adapter_dropout: float = Field(default=0.0, ge=0, lt=1)

    def rate_of(self, how: How) -> float:
        """As given, or what suits: adapters take more than weights that were trained already."""
        return self.learning_rate or (2e-3 if how in ("lora", "dora") else 5e-4)


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
        if not (data.files or data.variants or data.annotation):
            raise ValueError("data: no labelled rows: give a table, --variants or --annotation")
        if (data.variants or data.annotation) and not data.genome:
            raise ValueError("data.genome: places on a genome need the genome: give --genome")
        if data.annotation and len(data.annotation) != len(data.genome):
            given = f"{len(data.annotation)} annotations for {len(data.genome)} genomes"
            raise ValueError(f"data.annotation: {given}: give one of each, in the same order")
        return self


_TEXT = TextKeys(
    frozenset(
        {
            ("model",),
            *(("data", key) for key in DataSection.model_fields if key not in ("task", "window_bp")),
        }
    )
)


def read_finetune_recipe(
    path: str | Path | None, flags: Mapping[str, Any], overrides: tuple[str, ...] = ()
) -> FinetuneRecipe:
    """The recipe in a YAML file, if there is one, with what flags say of it (``a.b`` to value), then ``a.b=value``.

    Raises:
        InputError: the file cannot be read, or a key is unknown, missing or out of range.
    """
    content = {} if path is None else read_yaml(path, text=_TEXT)
    for key, value in flags.items():
        _put(content, key.split("."), value)
    for override in overrides:
        apply_override(content, override, _TEXT)
    try:
        return FinetuneRecipe.model_validate(content)
    except ValidationError as error:
        raise _refusal(error, path) from None


def recipe_text(recipe: FinetuneRecipe) -> str:
    """YAML with every default filled in."""
    return yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False)


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
