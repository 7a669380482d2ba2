"""Alleles as items: what each base of the window contributes to a log-likelihood ratio, or to a head's answer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from dna_mamba.alphabet import Codes
from dna_mamba.checkpoints import load_model
from dna_mamba.errors import InputError
from dna_mamba.explain.explained import (
    AlleleIndex,
    AlleleSites,
    Explained,
    LikelihoodRatio,
    VariantAnswer,
    unit_of,
)
from dna_mamba.explain.items import ExplainItem
from dna_mamba.explain.outputs import output_index
from dna_mamba.genome import Variant
from dna_mamba.inference.context import context_of, window_of
from dna_mamba.inference.likelihood import base_ids
from dna_mamba.inference.open import fingerprints
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.vcf import VcfReader
from dna_mamba.models import MaskedLanguageModel, TaskModel, describe_kind
from dna_mamba.models.precision import Precision, in_precision
from dna_mamba.runs import InputFile, can_be_read_twice
from dna_mamba.scoring.variant_files.survey import alleles_of
from dna_mamba.scoring.variants.assess import Assessor, CheckRef
from dna_mamba.scoring.variants.status import AlleleStatus
from dna_mamba.sequences.regions import as_reference
from dna_mamba.sequences.variant_windows import AlleleWindows, Change, allele_windows
from dna_mamba.sequences.windows import MAX_UNKNOWN_SHARE

LikelihoodKind = Literal["llr", "wt-llr"]
LIKELIHOOD_KINDS: tuple[LikelihoodKind, ...] = get_args(LikelihoodKind)
_UNIFORM = float(np.log(4))


class ExplainedVariants:
    """What a language model's log-likelihood ratio, or a head for variants, says of each allele of a VCF.

    Args:
        variants: VCF or BCF; ``-`` is standard input.
        reference: the genome, open or by path.
        model: a language model, or one with a head for variants, or where it is.
        likelihood: which ratio of a language model; see ``scoring.variants.scores``. Of a head its own answer counts.
        context_bp: longest window, with the change in its middle; default what the model or head was trained on.
        target: which output of the head is explained; see ``output_index``.
        check_ref: what a REF that differs from the reference means (see ``Assessor``).
        device: where the model runs; default where it is, the CPU for one that is loaded.
        precision: ``float32``, ``tf32``, ``bfloat16`` or ``auto`` (see ``models.precision``); default the model's own.

    Attributes:
        model: as loaded.
        outputs: names of what it says.
        unit: of the attributions.
        context_bp: of the windows.

    Raises:
        InputError: a model or genome that cannot be used, or a head that says nothing of variants.
    """

    what = "alleles"

    def __init__(
        self,
        variants: str | Path,
        reference: FastaReader | str | Path,
        model: MaskedLanguageModel | TaskModel | str | Path,
        *,
        likelihood: LikelihoodKind = "llr",
        context_bp: int | None = None,
        target: str | None = None,
        check_ref: CheckRef = "w",
        device: str | torch.device | None = None,
        precision: Precision | None = None,
    ) -> None:
        self._variants, self._genome, self._given_model = variants, as_reference(reference), model
        self.model = _opened(model, device)
        if precision is not None:
            self.model = in_precision(self.model, precision)
        self._likelihood: LikelihoodKind = likelihood
        self._check_ref: CheckRef = check_ref
        self._output: int | None = 0
        if isinstance(self.model, TaskModel):
            head = self.model.head_config
            self.outputs, self.unit, self._output = head.outputs, unit_of(self.model), output_index(head, target)
            self.context_bp = window_of(self.model, context_bp)
        else:
            if target is not None:
                raise InputError("a language model has no targets", place="--target", remedy="leave it out")
            self.outputs, self.unit = (likelihood,), "nats"
            self.context_bp = context_of(self.model, context_bp)
        base_ids(self.model.tokenizer)

    @property
    def is_repeatable(self) -> bool:
        """Whether the VCF can be read more than once."""
        return can_be_read_twice(self._variants)

    def survey(self) -> int:
        """How many alleles there are. Raises InputError where REF differs from the reference too often."""
        with VcfReader(self._variants) as reader:
            n_alleles, assessor = 0, self._assessor(reader)
            for record in reader:
                for variant in alleles_of(record):
                    assessor.compare(variant)
                    n_alleles += 1
        assessor.check.refuse_wrong_build()
        return n_alleles

    def facts(self) -> dict[str, str]:
        """What decides the answers, by name."""
        return {
            **self.named(),
            **({"input": InputFile.read(self._variants).sha256} if self.is_repeatable else {}),
            "scores": self._likelihood if isinstance(self.model, MaskedLanguageModel) else "head",
            "context": str(self.context_bp),
            "target": str(self._output),
            "check_ref": self._check_ref,
        }

    def named(self) -> dict[str, str]:
        """What names the model and the genome."""
        return fingerprints(self._given_model, self._genome)

    def items(self) -> Iterator[ExplainItem]:
        """One for each allele, in order; those that have no score have a status that says why.

        Raises:
            InputError: the VCF is malformed, or as ``Assessor.assess``.
        """
        with VcfReader(self._variants) as reader:
            assessor = self._assessor(reader)
            for record in reader:
                for variant in alleles_of(record):
                    yield self._item(variant, assessor)

    def _assessor(self, reader: VcfReader) -> Assessor:
        return Assessor(self._genome, reader.contigs, context_bp=self.context_bp, check_ref=self._check_ref)

    def _item(self, variant: Variant, assessor: Assessor) -> ExplainItem:
        name = f"{variant.chrom}:{variant.pos}:{variant.ref}:{variant.alt}"
        _, status, change = assessor.assess(variant)
        if change is None:
            nothing = np.zeros(0, dtype=np.uint8)
            return ExplainItem(name, status, variant.chrom, nothing.astype(np.int64), nothing, nothing, None)
        pair = allele_windows(assessor.genome, change, self.context_bp)
        if pair.unknown_share > MAX_UNKNOWN_SHARE:
            status = AlleleStatus.N_WINDOW
        elif pair.is_cut:
            status = AlleleStatus.EDGE_PADDED
        codes = np.concatenate([pair.left, pair.ref, pair.alt, pair.right])
        positions, parts = _positions(pair, change), _parts(pair)
        return ExplainItem(name, status, variant.chrom, positions, parts, codes, self._explained(pair), self._output)

    def _explained(self, pair: AlleleWindows) -> Explained:
        if isinstance(self.model, TaskModel):
            return _head_answer(self.model, pair, self.context_bp)
        return likelihood_ratio(self.model, pair, self._likelihood)


def _opened(
    model: MaskedLanguageModel | TaskModel | str | Path, device: str | torch.device | None
) -> MaskedLanguageModel | TaskModel:
    """Raises InputError for a model that says nothing of variants."""
    place = model if isinstance(model, str | Path) else None
    opened = load_model(model, device or "cpu") if isinstance(model, str | Path) else model
    if device is not None:
        opened = opened.to(device)
    is_known = isinstance(opened, MaskedLanguageModel) or (
        isinstance(opened, TaskModel) and opened.head_config.task == "variant"
    )
    if not is_known:
        what = f"is {describe_kind(opened)}, which says nothing of variants"
        raise InputError(what, place=place, remedy="give sequences or regions, or a model for variants")
    assert isinstance(opened, MaskedLanguageModel | TaskModel)
    return opened


def likelihood_ratio(model: MaskedLanguageModel, pair: AlleleWindows, likelihood: LikelihoodKind) -> LikelihoodRatio:
    """The ratio that ``--scores llr`` or ``wt-llr`` gives an allele, as a function of its windows."""
    index = AlleleIndex(len(pair.left), len(pair.ref), len(pair.alt), len(pair.right))
    masked = likelihood == "llr"
    if pair.is_substitution:
        ratio = _one(int(pair.alt[0])) - _one(int(pair.ref[0]))
        return LikelihoodRatio(model, index, [AlleleSites(0, [(index.n_left, ratio.tolist())])], masked, 0.0)
    sites = [_sites(0, index.n_left, pair.ref, -1.0), _sites(1, index.n_left, pair.alt, 1.0)]
    constant = _UNIFORM * (len(pair.alt) - len(pair.ref))
    return LikelihoodRatio(model, index, sites, masked, constant)


def _head_answer(model: TaskModel, pair: AlleleWindows, context_bp: int) -> VariantAnswer:
    """Windows have N beyond the ends of a contig, as the head was trained on."""
    flank = (context_bp - max(len(pair.ref), len(pair.alt))) // 2
    pads = (flank - len(pair.left), flank - len(pair.right))
    index = AlleleIndex(len(pair.left), len(pair.ref), len(pair.alt), len(pair.right), pads)
    return VariantAnswer(model, index)


def _sites(allele: int, start: int, codes: Codes, sign: float) -> AlleleSites:
    weights = [(start + offset, (sign * _one(int(code))).tolist()) for offset, code in enumerate(codes)]
    return AlleleSites(allele, weights)


def _one(code: int) -> NDArray[np.float64]:
    row: NDArray[np.float64] = np.eye(4)[code]
    return row


def _positions(pair: AlleleWindows, change: Change) -> NDArray[np.int64]:
    n_left, n_ref, n_alt, n_right = map(len, (pair.left, pair.ref, pair.alt, pair.right))
    replaced = change.start + np.minimum(np.arange(n_alt), max(n_ref - 1, 0))
    return np.concatenate(
        [
            np.arange(change.start - n_left, change.end),
            replaced,
            np.arange(change.end, change.end + n_right),
        ]
    ).astype(np.int64)


def _parts(pair: AlleleWindows) -> NDArray[np.uint8]:
    counts = [len(pair.left), len(pair.ref), len(pair.alt), len(pair.right)]
    return np.repeat(np.array([0, 1, 2, 0], dtype=np.uint8), counts)
