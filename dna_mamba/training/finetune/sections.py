"""The sections of a recipe of fine-tuning: their keys, defaults and limits."""

from typing import Any, Literal, get_args

from pydantic import Field, field_validator

from dna_mamba.errors import InputError
from dna_mamba.models.pooling import Pooling
from dna_mamba.training.finetune.linear.model import Estimator
from dna_mamba.training.section import Section

How = Literal["probe", "lora", "dora", "last-n", "full"]
Baseline = Literal["majority", "gc-length", "kmer-logistic", "cnn", "random-weights"]
BASELINES: tuple[Baseline, ...] = get_args(Baseline)
Task = Literal["classification", "multilabel", "regression", "variant", "annotation", "tracks"]
Texts = tuple[str, ...]


class DataSection(Section):
    """Where labelled rows come from.

    ``files`` is one table (TSV, CSV, Parquet, BED), or a FASTA a class as ``name=path``. With ``genome`` rows are
    places on it: a BED or table of intervals, ``variants`` (VCF), ``annotation``, one for each genome, or windows with
    the mean of each ``signal`` (bigWig, BAM or CRAM, ``name=path``) in bins of ``bin_bp``. ``label`` names the columns
    of labels, or the field of the VCF (``INFO/CLASS``).
    """

    files: Texts = ()
    genome: Texts = ()
    annotation: Texts = ()
    variants: str | None = None
    signal: Texts = ()
    bin_bp: int | None = Field(default=None, gt=0)
    sequence_column: str = "sequence"
    label: Texts = ()
    id_column: str | None = None
    group: str | None = None
    fold_column: str | None = None
    chrom_column: str | None = None
    families: str | None = None
    task: Task | None = None
    window_bp: int | None = Field(default=None, gt=0)

    @field_validator("files", "genome", "annotation", "label", "signal", mode="before")
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
    head without a hidden layer and without attention starts as that probe. With ``counts`` a signal is what Poisson
    makes of a rate that is never negative; such a head starts at random.
    """

    pooling: Pooling | Literal["auto"] = "auto"
    strands: Literal["joined", "given", "auto"] = "auto"
    hidden: int | None = Field(default=None, gt=0)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    counts: bool = False


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
