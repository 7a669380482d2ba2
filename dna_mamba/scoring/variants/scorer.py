"""Scores of alleles: stream in, stream out, in order. What the numbers are: ``scoring.variants.scores``."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import torch

from dna_mamba.alphabet import BASES
from dna_mamba.genome import Variant
from dna_mamba.inference.batch import require_memory, windows_per_pass
from dna_mamba.inference.context import context_of
from dna_mamba.inference.likelihood import base_ids, masked_log_probabilities
from dna_mamba.inference.open import as_model
from dna_mamba.inference.questions import Answers, Question, ask
from dna_mamba.io.fasta import FastaReader
from dna_mamba.models import MaskedLanguageModel, TaskModel
from dna_mamba.models.precision import Precision
from dna_mamba.scoring.variants.assess import Assessor, CheckRef
from dna_mamba.scoring.variants.reference_check import CHECK_EVERY, MAX_MISMATCH_SHARE
from dna_mamba.scoring.variants.results import ScoredVariants
from dna_mamba.scoring.variants.scores import DEFAULT_SCORES, HeadScore, Score, find_scores
from dna_mamba.scoring.variants.status import AlleleStatus, VariantScore
from dna_mamba.sequences.regions import as_reference
from dna_mamba.sequences.variant_windows import AlleleWindows, Change, allele_windows, max_allele_bp
from dna_mamba.sequences.windows import MAX_UNKNOWN_SHARE, site_window

Group = TypeVar("Group")
_BATCHES_HELD = 4
"""Batches asked together: the last one of them is seldom full."""
_MAX_PENDING = 4096
"""Groups held back at most, so that a stretch without a single scorable allele takes no memory."""


class _Allele(NamedTuple):
    """An allele on its way to its scores: windows for each score, None for one that it does not get."""

    variant: Variant
    status: AlleleStatus
    pairs: tuple[AlleleWindows | None, ...]


@dataclass
class _Pending(Generic[Group]):
    """Neighbouring groups that are scored together: what several of them ask is asked once."""

    questions: set[Question] = field(default_factory=set)
    groups: list[tuple[Group, list[_Allele]]] = field(default_factory=list)


class VariantScorer:
    """Scores alleles in groups, such as the records of a VCF.

    Args:
        reference: the genome.
        model: a model on nucleotide tokens; one with a head where all scores are heads.
        scores: what is computed: names from ``scores.SCORES``, ``head:PATH``, or scores.
        context_bp: longest window, default what the model was trained on (``inference.context``); a change lies in its
            middle with equal flanks, and may take half of it.
        batch_size: windows in one forward pass; default what suits the device. Scores do not depend on it beyond
            rounding (1e-5).
        contig_lengths: lengths the VCF's header states, to match contigs under other names.
        check_ref: what a REF that differs from the reference means (see ``Assessor``).
        max_mismatch_share: share of REF mismatches above which scoring stops; 1 never stops.

    Attributes:
        assessor: how contigs were matched and how REF compared with the reference.

    Raises:
        InputError: the model does not read single bases, an unknown score, or ``context_bp`` is below 1.
        MachineError: windows of ``context_bp`` need more memory than there is.
    """

    def __init__(
        self,
        reference: FastaReader,
        model: MaskedLanguageModel | TaskModel,
        *,
        scores: Sequence[str | Score] = DEFAULT_SCORES,
        context_bp: int | None = None,
        batch_size: int | None = None,
        contig_lengths: Mapping[str, int | None] | None = None,
        check_ref: CheckRef = "w",
        max_mismatch_share: float = MAX_MISMATCH_SHARE,
    ) -> None:
        base_ids(model.tokenizer)
        self._model = model
        self._scores = find_scores(scores, model.device)
        self._heads = {score.sha256: score.model for score in self._scores if isinstance(score, HeadScore)}
        self._context_bp = context_bp = context_of(model, context_bp)
        self.assessor = Assessor(reference, contig_lengths, context_bp=context_bp, check_ref=check_ref)
        self._batch_size = batch_size or windows_per_pass(model, context_bp)
        self._max_mismatch_share = max_mismatch_share
        what, remedy = f"windows of {context_bp:,} bp", "take a smaller --context or --batch-size"
        require_memory(model, self._batch_size, context_bp, what=what, remedy=remedy)

    def score(
        self, groups: Iterable[Group], alleles: Callable[[Group], Sequence[Variant]]
    ) -> Iterator[tuple[Group, tuple[VariantScore, ...]]]:
        """Each group with the scores of its alleles, in order; a few batches and what lies between is held back.

        Raises:
            InputError: REF differs too often (after every 1,000 alleles and at the end), or the model's
                predictions are not finite.
        """
        pending: _Pending[Group] = _Pending()
        verdict_due = CHECK_EVERY
        for group in groups:
            prepared = [self._prepare(variant) for variant in alleles(group)]
            if self.assessor.check.n_checked >= verdict_due:
                self._refuse_wrong_build()
                verdict_due += CHECK_EVERY
            pending.groups.append((group, prepared))
            pending.questions.update(self._questions(prepared))
            if len(pending.questions) >= _BATCHES_HELD * self._batch_size or len(pending.groups) >= _MAX_PENDING:
                yield from self._finish(pending)
                pending = _Pending()
        self._refuse_wrong_build()
        yield from self._finish(pending)

    def n_windows(self, variants: Iterable[Variant]) -> int:
        """Windows the model has to read for these alleles, equal ones counted once."""
        return len(set(self._questions([self._prepare(variant) for variant in variants])))

    def _prepare(self, variant: Variant) -> _Allele:
        _, status, change = self.assessor.assess(variant)
        if change is None:
            return _Allele(variant, status, tuple(None for _ in self._scores))
        pair = allele_windows(self.assessor.genome, change, self._context_bp)
        pairs = tuple(self._windows(score, change, pair) for score in self._scores)
        if pair.unknown_share > MAX_UNKNOWN_SHARE:
            return _Allele(variant, AlleleStatus.N_WINDOW, pairs)
        return _Allele(variant, AlleleStatus.EDGE_PADDED if pair.is_cut else AlleleStatus.OK, pairs)

    def _windows(self, score: Score, change: Change, pair: AlleleWindows) -> AlleleWindows | None:
        """The run's windows, or the score's own unless the change takes more than half of them."""
        if score.window_bp is None:
            return pair
        if change.longest > max_allele_bp(score.window_bp):
            return None
        return allele_windows(self.assessor.genome, change, score.window_bp, padded=True)

    def _questions(self, alleles: Iterable[_Allele]) -> Iterator[Question]:
        for allele in alleles:
            for score, pair in zip(self._scores, allele.pairs, strict=True):
                if pair is not None:
                    yield from score.questions(pair)

    def _refuse_wrong_build(self) -> None:
        self.assessor.check.refuse_wrong_build(self._max_mismatch_share)

    def _finish(self, pending: _Pending[Group]) -> Iterator[tuple[Group, tuple[VariantScore, ...]]]:
        model = self._model if isinstance(self._model, MaskedLanguageModel) else None
        answers = ask(model, pending.questions, self._batch_size, self._heads)
        for group, alleles in pending.groups:
            yield group, tuple(self._scored(allele, answers) for allele in alleles)

    def _scored(self, allele: _Allele, answers: Answers) -> VariantScore:
        variant, status, pairs = allele
        numbers = (
            (column.name, value)
            for score, pair in zip(self._scores, pairs, strict=True)
            if pair is not None
            for column, value in zip(score.columns, score.values(pair, answers), strict=True)
        )
        return VariantScore(variant, status, {name: value for name, value in numbers if value is not None})


def score_variants(
    variants: Iterable[Variant],
    reference: FastaReader | str | Path,
    model: MaskedLanguageModel | str | Path,
    *,
    scores: Sequence[str] = DEFAULT_SCORES,
    context_bp: int | None = None,
    batch_size: int | None = None,
    check_ref: CheckRef = "w",
    device: str | torch.device | None = None,
    precision: Precision | None = None,
    contig_lengths: Mapping[str, int | None] | None = None,
    max_mismatch_share: float = MAX_MISMATCH_SHARE,
) -> ScoredVariants:
    """Score alleles against a genome, lazily, one result for each in the order given.

    The result is an iterator that also has ``weights_sha256`` and ``reference_sha256``; ``to_frame`` makes a pandas
    frame of it.

    Args:
        variants: alleles of any kind.
        reference: genome, open or by path.
        model: model, or its directory or packaged name.
        scores: what is computed, names from ``scores.SCORES`` or ``head:PATH``.
        context_bp: longest window the model reads, the change in its middle; default what it was trained on
            (``inference.context``).
        batch_size: windows in one forward pass; default what suits the device.
        check_ref: what a REF that differs from the reference means (see ``Assessor``).
        device: where the model runs; default where it is, the CPU for one that is loaded.
        precision: ``float32``, ``tf32``, ``bfloat16`` or ``auto`` (see ``models.precision``); default the model's own.
        contig_lengths: lengths of the variants' contigs where they are known, so that ``1`` may match ``chr1``.
        max_mismatch_share: share of REF mismatches above which scoring stops; 1 never stops.

    Raises:
        InputError: a model or genome that cannot be used; while iterating, REF differs too often.
    """
    genome, network = as_reference(reference), as_model(model, device, precision)
    scorer = VariantScorer(
        genome,
        network,
        scores=scores,
        context_bp=context_bp,
        batch_size=batch_size,
        contig_lengths=contig_lengths,
        check_ref=check_ref,
        max_mismatch_share=max_mismatch_share,
    )
    found = (scores[0] for _, scores in scorer.score(variants, lambda variant: (variant,)))
    return ScoredVariants(found, model, genome)


def site_probabilities(
    reference: FastaReader,
    model: MaskedLanguageModel,
    chrom: str,
    position: int,
    *,
    context_bp: int | None = None,
) -> dict[str, float]:
    """Probability of A, C, G and T at a 0-based position that the model cannot see; they add up to one.

    Raises:
        InputError: no such position, or a model that does not read single bases.
    """
    window = site_window(reference, chrom, position, context_of(model, context_bp))
    (log_p_4,) = masked_log_probabilities(model, [window])
    return dict(zip(BASES, np.exp(log_p_4).tolist(), strict=True))
