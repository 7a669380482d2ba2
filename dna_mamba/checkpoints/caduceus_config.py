"""Configurations of published Caduceus and PlantCaduceus checkpoints: each field honoured, ignored by name, or refused.

Field names and defaults are those of the published ``CaduceusConfig`` (Schiff et al. 2024; Zhai et al. 2024).
"""

import math
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from dna_mamba.checkpoints.transformers_fields import without_transformers_fields
from dna_mamba.errors import InputError
from dna_mamba.models import ModelConfig
from dna_mamba.models.config import Size
from dna_mamba.tokenizers import NucleotideTokenizer

MODEL_TYPE = "caduceus"
MODE_KEY = "dna_mamba_reverse_complement"
"""Our own field in what we export: how strands meet where the published format only knows ``rcps`` or not."""
WINDOW_KEY = "dna_mamba_trained_window_bp"
"""Our own field in what we export: the window of training, which the published format does not state."""


class SsmConfig(BaseModel):
    """``ssm_cfg``: one direction's mixer. The ``dt_*`` fields but the rank only set initial weights."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    d_state: Size = 16
    d_conv: Size = 4
    expand: Size = 2
    dt_rank: Size | Literal["auto"] = "auto"
    conv_bias: bool = True
    bias: bool = False
    dt_min: float = 0.001
    dt_max: float = 0.1
    dt_init: str = "random"
    dt_scale: float = 1.0
    dt_init_floor: float = 1e-4
    use_fast_path: bool = True


class PublishedConfig(BaseModel):
    """The fields of ``config.json`` that decide the function."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model_type: Literal["caduceus"] = "caduceus"
    architectures: list[str] | None = None
    d_model: Size
    n_layer: int = Field(gt=0, le=1024)
    vocab_size: Size
    ssm_cfg: SsmConfig = SsmConfig()
    rms_norm: bool = True
    residual_in_fp32: bool = False
    fused_add_norm: bool = True
    pad_vocab_size_multiple: Size = 8
    norm_epsilon: float = Field(default=1e-5, gt=0, allow_inf_nan=False)
    bidirectional: Literal[True] = True
    bidirectional_strategy: Literal["add", "ew_multiply"] = "add"
    bidirectional_weight_tie: bool = True
    tie_word_embeddings: Literal[True] = True
    rcps: bool = False
    complement_map: dict[int, int] | None = None
    num_labels: Size | None = None
    id2label: dict[str, Any] | None = None
    dna_mamba_reverse_complement: Literal["none", "augment", "post-hoc"] | None = None
    dna_mamba_trained_window_bp: int | None = Field(default=None, gt=0)

    @field_validator("ssm_cfg", mode="before")
    @classmethod
    def _absent_is_default(cls, value: Any) -> Any:
        return {} if value is None else value

    @property
    def swaps_strands(self) -> bool:
        """Whether every layer exchanges the halves of the strands: what the fused addition and norm does."""
        return self.rcps and self.fused_add_norm

    @property
    def is_classifier(self) -> bool:
        """Whether the weights score whole sequences."""
        return any("SequenceClassification" in name for name in self.architectures or [])

    @property
    def stated_labels(self) -> int | None:
        """Number of labels, where the file says it."""
        return len(self.id2label) if self.num_labels is None and self.id2label else self.num_labels

    @property
    def padded_vocab_size(self) -> int:
        """Rows of the embedding."""
        return math.ceil(self.vocab_size / self.pad_vocab_size_multiple) * self.pad_vocab_size_multiple


def parse_published(content: dict[str, Any], place: str | Path) -> PublishedConfig:
    """The published fields of a ``config.json``. Raises InputError naming the first one that cannot be honoured."""
    try:
        return PublishedConfig.model_validate(without_transformers_fields(content))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        found = f" ({content[key]!r})" if key in content else ""
        raise InputError(f"{key}{found}: {first['msg']}", place=place, remedy="this model is not supported") from None


def to_native(published: PublishedConfig, num_labels: int, place: str | Path) -> ModelConfig:
    """The same function as a ModelConfig of ours."""
    ssm = published.ssm_cfg
    return ModelConfig(
        d_model=published.d_model,
        n_layer=published.n_layer,
        d_state=ssm.d_state,
        d_conv=ssm.d_conv,
        expand=ssm.expand,
        dt_rank=0 if ssm.dt_rank == "auto" else ssm.dt_rank,
        norm="rms" if published.rms_norm else "layer",
        norm_eps=published.norm_epsilon,
        conv_bias=ssm.conv_bias,
        proj_bias=ssm.bias,
        combine="add" if published.bidirectional_strategy == "add" else "multiply",
        tied=published.bidirectional_weight_tie,
        residual_in_fp32=published.residual_in_fp32,
        complemented_input=published.swaps_strands and published.n_layer % 2 == 1,
        num_labels=num_labels,
        reverse_complement="shared" if published.rcps else published.dna_mamba_reverse_complement or "augment",
        tokenizer=_tokenizer(published, place).to_config(),
        trained_window_bp=published.dna_mamba_trained_window_bp,
    )


def _tokenizer(published: PublishedConfig, place: str | Path) -> NucleotideTokenizer:
    """The vocabulary whose complement is the one stated; by its size where none is."""
    rows = published.padded_vocab_size
    vocabularies = {"caduceus": 16, "plantcaduceus": 8}
    if published.complement_map is None:
        names = [name for name, usual in vocabularies.items() if usual == rows]
        if not names or published.rcps:
            raise InputError("complement_map: missing", place=place, remedy="this model is not supported")
        return NucleotideTokenizer(names[0], rows)
    if not all(0 <= i < rows for pair in published.complement_map.items() for i in pair):
        raise InputError(f"complement_map: ids outside a vocabulary of {rows}", place=place, remedy="correct it")
    stated = np.arange(rows)
    stated[list(published.complement_map)] = list(published.complement_map.values())
    for name in vocabularies:
        try:
            tokenizer = NucleotideTokenizer(name, rows)
        except InputError:
            continue  # too few rows for this one
        if np.array_equal(tokenizer.complement, stated):
            return tokenizer
    raise InputError(
        f"complement_map: is that of no known vocabulary of {rows} tokens", place=place,
        remedy="only the vocabularies of Caduceus and PlantCaduceus are supported",
    )  # fmt: skip


def from_native(config: ModelConfig) -> dict[str, Any]:
    """A ``config.json`` for a model that never had one. Raises InputError for what the published format cannot say.

    Strand-sharing models become unfused ones, whose layers keep the strands apart, where that is the same function.
    """
    tokenizer = config.tokenizer
    if tokenizer.get("kind") != NucleotideTokenizer.kind:
        raise InputError(
            f"tokenizer {tokenizer.get('kind')!r} has no place in the Caduceus format",
            remedy="only models on nucleotide tokens can be exported",
        )
    nucleotides = NucleotideTokenizer(tokenizer["vocabulary"], tokenizer.get("vocab_size"))
    shares = config.reverse_complement == "shared"
    content: dict[str, Any] = {
        "architectures": ["CaduceusForSequenceClassification" if config.num_labels else "CaduceusForMaskedLM"],
        "model_type": MODEL_TYPE,
        "d_model": config.d_model,
        "n_layer": config.n_layer,
        "vocab_size": nucleotides.vocab_size,
        "ssm_cfg": {
            "d_state": config.d_state,
            "d_conv": config.d_conv,
            "expand": config.expand,
            "dt_rank": config.dt_rank,
            "conv_bias": config.conv_bias,
            "bias": config.proj_bias,
        },
        "rms_norm": config.norm == "rms",
        "residual_in_fp32": config.residual_in_fp32,
        "fused_add_norm": config.complemented_input or not shares,
        "pad_vocab_size_multiple": math.gcd(8, nucleotides.vocab_size),
        "norm_epsilon": config.norm_eps,
        "bidirectional": True,
        "bidirectional_strategy": "add" if config.combine == "add" else "ew_multiply",
        "bidirectional_weight_tie": config.tied,
        "rcps": shares,
        "complement_map": {str(i): int(c) for i, c in enumerate(nucleotides.complement)},
    }
    if config.num_labels:
        content["num_labels"] = config.num_labels
    if not shares:
        content[MODE_KEY] = config.reverse_complement
    if config.trained_window_bp is not None:
        content[WINDOW_KEY] = config.trained_window_bp
    complete = config.model_copy(update={"tokenizer": nucleotides.to_config()})
    if to_native(parse_published(content, "config"), config.num_labels, "config") != complete:
        raise InputError(
            "complemented_input: the Caduceus format has it in strand-sharing models of an odd number of layers only",
            remedy="keep the model in the native format",
        )
    return content
