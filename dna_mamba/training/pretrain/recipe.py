"""The recipe of a pretraining run: everything it depends on besides the files it reads."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, ValidationError, model_serializer, model_validator

from dna_mamba.data.held_out import HeldOutPlan
from dna_mamba.data.masking import MaskingPolicy
from dna_mamba.data.shares import PLACE_TAGS
from dna_mamba.errors import InputError
from dna_mamba.models import ModelConfig, preset
from dna_mamba.tokenizers import KmerTokenizer, Tokenizer, from_config
from dna_mamba.training.distributed.config import DistributedConfig
from dna_mamba.training.loop.optimiser import OptimiserConfig
from dna_mamba.training.loop.schedule import ScheduleConfig
from dna_mamba.training.pretrain.sections import (
    PRESET,
    SHAPED,
    AboutConfig,
    BatchConfig,
    GenomeConfig,
    LogConfig,
    ModelSection,
    NucleotideSection,
    PresetModel,
    TokenizerSection,
)
from dna_mamba.training.recipe_yaml import TextKeys, read_yaml
from dna_mamba.training.section import Section

_TAGS = (PRESET, SHAPED, "nucleotide", "kmer", "bpe", *PLACE_TAGS)
_OF_INIT = ("init", "init_sha256", "freeze")
_TEXT = TextKeys(
    frozenset(
        {
            *(("genome", key) for key in ("fasta", "annotation", "validation", "test", "exclude")),
            *(("about", key) for key in ("name", "description", "data", "licence", "citation")),
            *((key,) for key in _OF_INIT),
        }
    ),
    of_items=("bed", "of"),
)
"""Of what is held out, ``of_items`` are keys of the mappings that say what share."""


class Recipe(Section):
    """Everything a run depends on besides the files it reads.

    ``init`` is a model to continue, whose weights have the sum ``init_sha256`` where one is given; ``freeze`` are parts
    of it that stay as they are (``training.pretrain.start``). Its shape and its tokenizer come with it.
    """

    about: AboutConfig = AboutConfig()
    genome: GenomeConfig
    tokenizer: TokenizerSection = NucleotideSection(kind="nucleotide", vocabulary="caduceus")
    model: ModelSection = PresetModel(size="tiny")
    batch: BatchConfig = BatchConfig()
    masking: MaskingPolicy = MaskingPolicy()
    optimiser: OptimiserConfig = OptimiserConfig()
    schedule: ScheduleConfig
    validation: HeldOutPlan = HeldOutPlan(phases=2, max_windows=64)
    test: HeldOutPlan = HeldOutPlan()
    precision: Literal["float32", "bfloat16"] = "float32"
    recompute: bool = False
    distributed: DistributedConfig = DistributedConfig()
    log: LogConfig = LogConfig()
    seed: int = Field(default=0, ge=0)
    init: str | None = None
    init_sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    freeze: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _one_part_is_a_list(cls, values: Any) -> Any:
        if not isinstance(values, dict) or not isinstance(values.get("freeze"), str):
            return values
        return values | {"freeze": [values["freeze"]]}

    @model_serializer(mode="wrap")
    def _leave_out_no_init(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in write(self).items() if key not in _OF_INIT or value}

    @model_validator(mode="after")
    def _what_is_continued_has_a_name(self) -> "Recipe":
        for key in _OF_INIT[1:]:
            if self.init is None and getattr(self, key):
                raise ValueError(f"{key}: without init, which names the model to continue, there is nothing to keep")
        return self

    @model_validator(mode="after")
    def _stages_take_the_steps_of_the_run(self) -> "Recipe":
        stages, steps = self.batch.stages, self.schedule.steps
        if not stages:
            return self
        before = self.batch.by_first_step()[-1][0]
        if before >= steps:
            raise ValueError(
                f"batch.stages: the last one would begin after step {before:,}, the run has {steps:,}; "
                "shorten the stages or raise schedule.steps"
            )
        if stages[-1].steps is not None and before + stages[-1].steps != steps:
            raise ValueError(
                f"batch.stages: they take {before + stages[-1].steps:,} steps, the run has {steps:,}; "
                "leave out steps of the last one, which runs to the end"
            )
        return self

    @property
    def margin_bp(self) -> int:
        """Bases beside a held-out stretch that are not trained on."""
        return self.batch.longest_window_bp if self.genome.margin_bp is None else self.genome.margin_bp

    def model_config_of(self) -> ModelConfig:
        """The model this recipe trains: a default size, its keys overridden, or a shape given in full."""
        values: dict[str, Any] = dict(self.model)
        size = values.pop("size", None if "d_model" in values else "tiny")
        if size is None:
            return ModelConfig.model_validate({**values, "tokenizer": self.tokenizer})
        return preset(size, dict(self.tokenizer), **values)

    def build_tokenizer(self) -> Tokenizer:
        """Raises InputError for values its class does not take."""
        return from_config(dict(self.tokenizer))


def read_recipe(path: str | Path, overrides: tuple[str, ...] = ()) -> Recipe:
    """A recipe from a YAML file with ``a.b=value`` overrides, values read as YAML.

    Raises:
        InputError: the file is missing or not a YAML mapping, or a key is unknown, missing or out of range.
    """
    return parse_recipe(read_yaml(path, overrides, _TEXT), path)


def parse_recipe(content: object, place: str | Path) -> Recipe:
    """Validate a recipe, model and tokenizer included.

    Raises:
        InputError: names the first wrong key.
    """
    try:
        recipe = Recipe.model_validate(content)
    except ValidationError as error:
        raise _refusal(error, place) from None
    try:
        recipe.model_config_of()
    except ValidationError as error:
        raise _refusal(error, place, "model") from None
    _check_tokenizer(recipe, place)
    return recipe


def _refusal(error: ValidationError, place: str | Path, section: str = "") -> InputError:
    """The first of what is wrong, as one line that names the key and what stands there."""
    first = error.errors()[0]
    parts = [section, *(str(part) for part in first["loc"])]
    # the loc of a union names the kind that was chosen after the section
    key = ".".join(part for i, part in enumerate(parts) if part and not (i and part in _TAGS)) or "recipe"
    if first["type"] == "extra_forbidden":
        return InputError(f"{key}: no such key", place=place, remedy="correct the recipe or --set")
    given = first["input"]
    value = f" {given!r}" if isinstance(given, str | int | float) else ""
    remedy = "correct the recipe or --set"
    if key.startswith("genome.") and first["type"] == "string_type":
        remedy = "quote a name that could be read as a number"
    if key.startswith("genome.") and given is None:
        remedy = "write [] for none, or quote the name of a contig"
    return InputError(f"{key}{value}: {first['msg'].removeprefix('Value error, ')}", place=place, remedy=remedy)


def _check_tokenizer(recipe: Recipe, place: str | Path) -> None:
    tokenizer = recipe.build_tokenizer()
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
