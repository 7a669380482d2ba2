"""The sections of a recipe: their keys, defaults and limits."""

import math
from collections.abc import Callable
from itertools import accumulate
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    Required,  # of pydantic, which wants this one before Python 3.12
    TypeAlias,
)

from pydantic import (
    ConfigDict,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    Tag,
    WrapValidator,
    model_serializer,
    model_validator,
)
from typing_extensions import TypedDict

from dna_mamba.data.leaks.settings import HomologyConfig
from dna_mamba.data.shares import PlaceRule
from dna_mamba.models.config import ReverseComplement, Size
from dna_mamba.training.section import Section

_CLOSED = ConfigDict(extra="forbid")


class AboutConfig(Section):
    """What the model card says beyond what the run itself knows; Markdown."""

    name: str = "Untitled model"
    description: str = ""
    data: str = ""
    licence: str = "not stated"
    citation: str = ""


class GenomeConfig(Section):
    """FASTA files or a genome store, relative to the working directory, and what is held out of them.

    ``validation``, ``test`` and ``exclude`` hold names of contigs, shell patterns over them, stretches
    ``contig:start-end`` (1-based, both ends included), BED files (``dna_mamba.data.places``), and shares of contigs or
    genomes (``dna_mamba.data.shares``). ``margin_bp`` on each side of a held-out stretch are not trained on; None is a
    batch window. An empty ``validation`` trains without any.

    Genomes are drawn with probability ``weights[name] * size ** temperature``, sizes in bp that are trained on. Weights
    are 1, or those of the store, where none is given here; a FASTA file is a genome by the name of the file, without
    its suffixes. Within a genome ``region_weights`` of row types of ``annotation`` (GFF3 or GTF) say what is read more
    (``dna_mamba.data.region_weights``).

    With ``homology`` held-out sequence that stands in training is looked for (``dna_mamba.data.leaks``).
    """

    fasta: list[str] = Field(default_factory=list)
    store: str | None = None
    validation: list[PlaceRule]
    test: list[PlaceRule] = Field(default_factory=list)
    exclude: list[PlaceRule] = Field(default_factory=list)
    margin_bp: int | None = Field(default=None, ge=0)
    weights: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = Field(default_factory=dict)
    temperature: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    annotation: list[str] = Field(default_factory=list)
    region_weights: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = Field(default_factory=dict)
    homology: HomologyConfig | None = None

    @property
    def files(self) -> list[str]:
        """What is read: FASTA files, or the store."""
        return self.fasta if self.store is None else [self.store]

    @model_validator(mode="before")
    @classmethod
    def _one_text_is_a_list(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        places = ("validation", "test", "exclude")
        texts = ("fasta", "annotation", *places)
        return {
            key: [value]
            if (isinstance(value, str) and key in texts) or (isinstance(value, dict) and key in places)
            else value
            for key, value in values.items()
        }

    @model_validator(mode="after")
    def _reads_one_of_two(self) -> "GenomeConfig":
        if bool(self.fasta) == (self.store is not None):
            raise ValueError("give fasta (files) or store (a directory of dna-mamba data pack), one of the two")
        if bool(self.annotation) != bool(self.region_weights):
            raise ValueError("give annotation and region_weights both, or neither")
        return self

    @model_serializer(mode="wrap")
    def _leave_out_what_is_not_used(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """So that a recipe without them looks, and is, as it was before there were such keys."""
        unused: dict[str, Any] = {"margin_bp": None, "store": None, "fasta": [], "weights": {}, "temperature": 1.0}
        unused |= {"annotation": [], "region_weights": {}, "homology": None}
        return {key: value for key, value in write(self).items() if key not in unused or value != unused[key]}


class StageConfig(Section):
    """So many ``steps`` with windows of ``window_bp``; the last stage runs to the end and need not say how many."""

    window_bp: int = Field(gt=0)
    steps: int | None = Field(default=None, gt=0)


class StageShape(NamedTuple):
    """From ``first_step`` (0-based) on, a step reads ``windows`` windows of ``window_bp``."""

    first_step: int
    window_bp: int
    windows: int


class LogConfig(Section):
    """What is written beside ``log.jsonl``: ``tensorboard`` events, of which None writes some where it is installed."""

    tensorboard: bool | None = None


class BatchConfig(Section):
    """What one step reads: ``windows`` windows of ``window_bp``.

    A process takes its share of them in one forward pass, or ``micro_windows`` at a time: less memory, the same step.
    With ``stages`` windows change along the run, and their number with them: a step reads as many bases in each.
    """

    window_bp: int = Field(default=1024, gt=0)
    windows: int = Field(default=8, gt=0)
    stages: list[StageConfig] = Field(default_factory=list)
    micro_windows: int | None = Field(default=None, gt=0)

    @property
    def bp_per_step(self) -> int:
        """Bases a step reads."""
        return self.windows * self.window_bp

    @property
    def longest_window_bp(self) -> int:
        """Of all stages."""
        return max((stage.window_bp for stage in self.stages), default=self.window_bp)

    @property
    def last_window_bp(self) -> int:
        """What the run ends with."""
        return self.stages[-1].window_bp if self.stages else self.window_bp

    def by_first_step(self) -> list[StageShape]:
        """Each stage, in order; the whole run where there are none."""
        if not self.stages:
            return [StageShape(0, self.window_bp, self.windows)]
        firsts = accumulate((stage.steps or 0 for stage in self.stages[:-1]), initial=0)
        return [
            StageShape(first, stage.window_bp, self.bp_per_step // stage.window_bp)
            for first, stage in zip(firsts, self.stages, strict=True)
        ]

    @model_validator(mode="after")
    def _stages_read_as_much(self) -> "BatchConfig":
        for stage in self.stages:
            if self.bp_per_step % stage.window_bp:
                fitting = math.lcm(self.window_bp, stage.window_bp) // self.window_bp
                raise ValueError(
                    f"stages: windows of {stage.window_bp:,} bp do not divide the {self.bp_per_step:,} bp of a step; "
                    f"take a number of windows that is a multiple of {fitting:,}"
                )
        if any(stage.steps is None for stage in self.stages[:-1]):
            raise ValueError("stages: every stage but the last needs steps")
        return self

    @model_serializer(mode="wrap")
    def _leave_out_no_stages(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in write(self).items() if key not in ("stages", "micro_windows") or value}


class _ModelKeys(TypedDict, total=False):
    """Keys of ``ModelConfig`` that a recipe may set; what is left out is as there."""

    d_state: Size
    d_conv: Size
    expand: Size
    dt_rank: int | Literal["auto"]
    norm: Literal["rms", "layer"]
    norm_eps: float
    conv_bias: bool
    proj_bias: bool
    combine: Literal["add", "multiply"]
    tied: bool
    residual_in_fp32: bool
    complemented_input: bool
    reverse_complement: ReverseComplement


class PresetModel(_ModelKeys, total=False):
    """A default size, keys of it overridden; without ``size`` it is ``tiny``."""

    __pydantic_config__ = _CLOSED  # type: ignore[misc]
    size: Literal["tiny", "small", "base"]
    d_model: Size
    n_layer: int


class ShapedModel(_ModelKeys, total=False):
    """A shape of one's own."""

    __pydantic_config__ = _CLOSED  # type: ignore[misc]
    size: None
    d_model: Required[Size]
    n_layer: Required[int]


class NucleotideSection(TypedDict, total=False):
    """One token a base."""

    __pydantic_config__ = _CLOSED  # type: ignore[misc]
    kind: Required[Literal["nucleotide"]]
    vocabulary: str
    vocab_size: int | None


class KmerSection(TypedDict, total=False):
    """Words of ``k`` bases, one every ``stride``."""

    __pydantic_config__ = _CLOSED  # type: ignore[misc]
    kind: Required[Literal["kmer"]]
    k: Required[int]
    stride: int


class BPESection(TypedDict):
    """Byte-pair words, as ``BPETokenizer.to_config`` gives them."""

    __pydantic_config__ = _CLOSED  # type: ignore[misc]
    kind: Literal["bpe"]
    vocab: list[str]
    merges: list[list[str]]


PRESET, SHAPED = "preset", "shaped"


def _kind_of_model(values: object) -> str | None:
    """A size or, where only ``d_model`` is given, a full shape."""
    if not isinstance(values, dict):
        return None
    size = values.get("size", None if "d_model" in values else "tiny")
    return SHAPED if size is None else PRESET


def _in_given_order(values: object, validate: Callable[[object], Any]) -> Any:
    """Keys are written as they were read, so that a resolved recipe looks like its own."""
    valid = validate(values)
    return {key: valid[key] for key in values} if isinstance(values, dict) else valid


ModelSection: TypeAlias = Annotated[
    Annotated[PresetModel, Tag(PRESET)] | Annotated[ShapedModel, Tag(SHAPED)],
    Discriminator(_kind_of_model, custom_error_type="model", custom_error_message="not a section with keys"),
    WrapValidator(_in_given_order),
]
TokenizerSection: TypeAlias = Annotated[
    Annotated[NucleotideSection | KmerSection | BPESection, Field(discriminator="kind")],
    WrapValidator(_in_given_order),
]
