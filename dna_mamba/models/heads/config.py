"""The configuration of a head: what it answers, in which order, and how a sequence becomes what it reads."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dna_mamba.models.pooling import Pooling

HeadTask = Literal["classification", "multilabel", "regression", "bases", "tracks", "variant"]
AnswerKind = Literal["classes", "labels", "values", "counts"]
Name = Annotated[str, Field(min_length=1)]


class HeadConfig(BaseModel):
    """Everything but the weights that decides what a head computes. Unknown keys are errors.

    Attributes:
        task: ``classification`` (one class a sequence), ``multilabel`` (any number of labels a sequence),
            ``regression`` (values a sequence), ``bases`` (one class a base), ``tracks`` (values a bin), ``variant``
            (a class or values for a pair of sequences, the reference's and the alternative's).
        outputs: names of the classes, labels, targets or tracks, in the order of the logits.
        pooling: how positions become one vector; of heads for bases and tracks nothing is pooled.
        strands: ``joined`` gives a sequence and its reverse complement one answer where the encoder's mode reads both
            strands; ``given`` reads them side by side in the order given, for labels that belong to one strand.
        hidden: units of one hidden layer; None for a linear head.
        dropout: share of what a layer of the head reads that is set to zero in training.
        complement: for bases and tracks, which output stands for an output of the other strand: ``(1, 0)`` for
            ``("plus", "minus")``. None where outputs belong to no strand.
        target_means, target_scales: of values, one a target: logits are ``(value - mean) / scale``.
        bin_bp: bases a bin of tracks.
        counts: tracks hold counts: the answer is ``softplus(logit) * scale``, and the loss that of Poisson.
        window_bp: bases the head was trained on at a time, which prediction takes too.
        variant_of: what a variant's answer is.
        antisymmetric: of a variant's values: exchanging reference and alternative changes the sign, as it does for
            log ratios of two alleles; equal sequences get 0.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: HeadTask
    outputs: tuple[Name, ...] = Field(min_length=1)
    pooling: Pooling = "mean"
    strands: Literal["joined", "given"] = "joined"
    hidden: int | None = Field(default=None, gt=0, le=2**16)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    complement: tuple[int, ...] | None = None
    target_means: tuple[Annotated[float, Field(allow_inf_nan=False)], ...] | None = None
    target_scales: tuple[Annotated[float, Field(gt=0, allow_inf_nan=False)], ...] | None = None
    bin_bp: int | None = Field(default=None, gt=0)
    counts: bool = False
    window_bp: int | None = Field(default=None, gt=0)
    variant_of: Literal["classification", "regression"] | None = None
    antisymmetric: bool = False

    @property
    def kind(self) -> AnswerKind:
        """What a logit becomes: one of several classes, one label of its own, a value, or a count."""
        if self.task in ("classification", "bases") or self.variant_of == "classification":
            return "classes"
        if self.task == "multilabel":
            return "labels"
        return "counts" if self.counts else "values"

    @property
    def by_position(self) -> bool:
        """Whether it answers along the sequence rather than once for all of it."""
        return self.task in ("bases", "tracks")

    @model_validator(mode="after")
    def _check(self) -> "HeadConfig":
        for wrong, message in (
            (len(set(self.outputs)) < len(self.outputs), "outputs: a name is there twice"),
            (self.kind == "classes" and len(self.outputs) < 2, "outputs: a choice takes two classes at least"),
            ((self.bin_bp is not None) != (self.task == "tracks"), "bin_bp: is for tracks, which cannot do without"),
            (self.counts and self.task != "tracks", "counts: is for tracks"),
            ((self.variant_of is not None) != (self.task == "variant"), "variant_of: is for variants, which need it"),
            (self.antisymmetric and self.variant_of != "regression", "antisymmetric: is for values of variants"),
            (self.antisymmetric and self.target_means is not None, "target_means: an antisymmetric answer has none"),
            (self.counts and self.target_means is not None, "target_means: counts have scales alone"),
        ):
            if wrong:
                raise ValueError(message)
        self._check_targets()
        self._check_complement()
        return self

    def _check_targets(self) -> None:
        for name, numbers in (("target_means", self.target_means), ("target_scales", self.target_scales)):
            if numbers is None:
                continue
            if self.kind not in ("values", "counts"):
                raise ValueError(f"{name}: classes and labels are not scaled")
            if len(numbers) != len(self.outputs):
                raise ValueError(f"{name}: {len(numbers)} for {len(self.outputs)} outputs")

    def _check_complement(self) -> None:
        if self.complement is None:
            return
        if not self.by_position or self.strands == "given":
            raise ValueError("complement: is for bases and tracks whose strands are joined")
        indices = range(len(self.outputs))
        if sorted(self.complement) != list(indices) or any(self.complement[self.complement[i]] != i for i in indices):
            raise ValueError("complement: is not a pairing of the outputs")
