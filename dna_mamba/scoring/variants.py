"""Masked log-likelihood ratios of single-base substitutions: stream in, stream out, in order.

LLR = log p(alt | window with the site masked) - log p(ref | window with the site masked), in nats, both strands
averaged (the masked marginal of Meier et al. 2021, for DNA as in Benegas et al. 2023). Below zero where the model
finds ALT less likely than REF.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from dna_mamba.alphabet import BASES
from dna_mamba.genome import Variant
from dna_mamba.io.fasta import FastaReader
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.models.memory import Shape, inference_bytes, require
from dna_mamba.scoring.alleles import AlleleStatus, VariantScore
from dna_mamba.scoring.arguments import as_model, as_reference, sites_per_pass
from dna_mamba.scoring.assess import Assessment, Assessor, Site
from dna_mamba.scoring.likelihood import base_ids, log_likelihood_ratio, masked_log_probabilities
from dna_mamba.scoring.reference_check import CHECK_EVERY, MAX_MISMATCH_SHARE
from dna_mamba.scoring.windows import DEFAULT_CONTEXT_BP, MAX_UNKNOWN_SHARE, SiteWindow, flank_bp, site_window

Group = TypeVar("Group")
_MAX_PENDING = 4096
"""Groups held back at most, so that a stretch without a single scorable allele takes no memory."""


@dataclass
class _Chunk(Generic[Group]):
    """Neighbouring groups that are scored together; alleles of one site share its window."""

    windows: dict[Site, SiteWindow] = field(default_factory=dict)
    groups: list[tuple[Group, list[Assessment]]] = field(default_factory=list)


class VariantScorer:
    """Scores alleles in groups, such as the records of a VCF.

    Args:
        reference: the genome.
        model: a model on nucleotide tokens.
        context_bp: longest window; the site lies in its middle with ``(context_bp - 1) // 2`` bases on each side.
        batch_size: sites in one forward pass; default what suits the device. Scores do not depend on it beyond
            rounding (1e-5).
        contig_lengths: lengths the VCF's header states, to match contigs under other names.
        max_mismatch_share: share of REF mismatches above which scoring stops; 1 never stops.

    Attributes:
        assessor: how contigs were matched and how REF compared with the reference.

    Raises:
        InputError: the model reads no single bases, or ``context_bp`` is below 1.
        MachineError: windows of ``context_bp`` need more memory than there is.
    """

    def __init__(
        self,
        reference: FastaReader,
        model: MaskedLanguageModel,
        *,
        context_bp: int = DEFAULT_CONTEXT_BP,
        batch_size: int | None = None,
        contig_lengths: Mapping[str, int | None] | None = None,
        max_mismatch_share: float = MAX_MISMATCH_SHARE,
    ) -> None:
        base_ids(model.tokenizer)
        flank_bp(context_bp)
        self._reference, self._model = reference, model
        self._context_bp = context_bp
        self._batch_size = batch_size or sites_per_pass(model, context_bp)
        self._max_mismatch_share = max_mismatch_share
        weight = model.encoder.embedding.weight
        shape = Shape(2 * self._batch_size, context_bp)
        needed = inference_bytes(model.config, shape, weight.device, weight.dtype)
        require(needed, weight.device, f"windows of {context_bp:,} bp", "take a smaller --context or --batch-size")
        self.assessor = Assessor(reference, contig_lengths)

    def score(
        self, groups: Iterable[Group], alleles: Callable[[Group], Sequence[Variant]]
    ) -> Iterator[tuple[Group, tuple[VariantScore, ...]]]:
        """Each group with the scores of its alleles, in order; one batch and what lies between its sites is held back.

        Raises:
            InputError: REF differs too often (after every 1,000 alleles and at the end), or the model's
                predictions are not finite.
        """
        chunk: _Chunk[Group] = _Chunk()
        verdict_due = CHECK_EVERY
        for group in groups:
            assessments = [self.assessor.assess(variant) for variant in alleles(group)]
            if self.assessor.check.n_checked >= verdict_due:
                self._refuse_wrong_build()
                verdict_due += CHECK_EVERY
            sites = {a.site for a in assessments if a.site is not None}
            is_full = len(chunk.windows.keys() | sites) > self._batch_size or len(chunk.groups) >= _MAX_PENDING
            if is_full and chunk.groups:
                yield from self._finish(chunk)
                chunk = _Chunk()
            chunk.groups.append((group, assessments))
            chunk.windows.update((site, self.window(site)) for site in sorted(sites - chunk.windows.keys()))
        self._refuse_wrong_build()
        yield from self._finish(chunk)

    def window(self, site: Site) -> SiteWindow:
        """What the model reads to predict a site."""
        return site_window(self._reference, site.chrom, site.position, self._context_bp)

    def _refuse_wrong_build(self) -> None:
        self.assessor.check.refuse_wrong_build(self._max_mismatch_share)

    def _finish(self, chunk: _Chunk[Group]) -> Iterator[tuple[Group, tuple[VariantScore, ...]]]:
        log_p: dict[Site, NDArray[np.float32]] = {}
        for batch in _batches(list(chunk.windows), self._batch_size):
            rows = masked_log_probabilities(self._model, [chunk.windows[site] for site in batch])
            log_p.update(zip(batch, rows, strict=True))
        for group, assessments in chunk.groups:
            scores = []
            for variant, status, site in assessments:
                if site is None:
                    scores.append(VariantScore(variant, status, None))
                else:
                    llr = log_likelihood_ratio(log_p[site], variant.ref, variant.alt)
                    scores.append(VariantScore(variant, _status_of_window(chunk.windows[site]), llr))
            yield group, tuple(scores)


def _status_of_window(window: SiteWindow) -> AlleleStatus:
    if window.unknown_share > MAX_UNKNOWN_SHARE:
        return AlleleStatus.N_WINDOW
    return AlleleStatus.EDGE_PADDED if window.is_cut else AlleleStatus.OK


def _batches(sites: list[Site], size: int) -> Iterator[list[Site]]:
    for first in range(0, len(sites), size):
        yield sites[first : first + size]


def score_variants(
    variants: Iterable[Variant],
    reference: FastaReader | str | Path,
    model: MaskedLanguageModel | str | Path,
    *,
    context_bp: int = DEFAULT_CONTEXT_BP,
    batch_size: int | None = None,
    device: str | torch.device | None = None,
    contig_lengths: Mapping[str, int | None] | None = None,
    max_mismatch_share: float = MAX_MISMATCH_SHARE,
) -> Iterator[VariantScore]:
    """Score alleles against a genome, lazily, one result for each in the order given.

    Args:
        variants: alleles; any kind may come, substitutions of one base are scored.
        reference: genome, open or by path.
        model: model, or its directory or packaged name.
        context_bp: longest window the model reads; its site lies in the middle.
        batch_size: sites in one forward pass; default what suits the device.
        device: where the model runs; default where it is, the CPU for one that is loaded.
        contig_lengths: lengths of the variants' contigs where they are known, so that ``1`` may match ``chr1``.
        max_mismatch_share: share of REF mismatches above which scoring stops; 1 never stops.

    Raises:
        InputError: a model or genome that cannot be used; while iterating, REF differs too often.
    """
    scorer = VariantScorer(
        as_reference(reference),
        as_model(model, device),
        context_bp=context_bp,
        batch_size=batch_size,
        contig_lengths=contig_lengths,
        max_mismatch_share=max_mismatch_share,
    )
    return (scores[0] for _, scores in scorer.score(variants, lambda variant: (variant,)))


def site_probabilities(
    reference: FastaReader,
    model: MaskedLanguageModel,
    chrom: str,
    position: int,
    *,
    context_bp: int = DEFAULT_CONTEXT_BP,
) -> dict[str, float]:
    """Probability of A, C, G and T at a 0-based position that the model cannot see; they add up to one.

    Raises:
        InputError: no such position, or a model that does not read single bases.
    """
    window = site_window(reference, chrom, position, context_bp)
    (log_p_4,) = masked_log_probabilities(model, [window])
    return dict(zip(BASES, np.exp(log_p_4).tolist(), strict=True))
