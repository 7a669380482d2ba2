"""Asking a model about many masked positions: those of a window that lie far enough apart share one pass.

Every sixteenth base at most is masked at once, as where held-out bits are measured (``data/held_out.py``), so a
position lacks no more of its context than there, and costs a small part of a pass of its own.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from dna_mamba.alphabet import Codes, bases_of
from dna_mamba.evaluation.knowledge.sites import Chart, Sites
from dna_mamba.inference.batch import in_batches, pad, windows_per_pass
from dna_mamba.inference.likelihood import base_ids, base_log_probabilities
from dna_mamba.io.fasta import FastaReader
from dna_mamba.models import MaskedLanguageModel

SPACING_BP = 16


class Pass(NamedTuple):
    """A window of a contig, 0-based half-open, and the positions that are masked in it, ascending."""

    chrom: str
    start: int
    end: int
    masked: tuple[int, ...]


def plan_passes(chrom: str, length: int, positions: NDArray[np.int64], context_bp: int) -> Iterator[Pass]:
    """Windows of ``context_bp`` that ask each of some sorted distinct positions once.

    Positions of a pass are ``SPACING_BP`` apart or more, and lie within half of the window around its middle as far
    as the contig goes.
    """
    waiting = deque(positions.tolist())
    span_bp = max(1, context_bp // 2)
    while waiting:
        taken: list[int] = []
        passed: list[int] = []
        while waiting and (not taken or waiting[0] < taken[0] + span_bp):
            position = waiting.popleft()
            (taken if not taken or position - taken[-1] >= SPACING_BP else passed).append(position)
        waiting.extendleft(reversed(passed))
        middle = (taken[0] + taken[-1] + 1) // 2
        start = max(0, min(middle - context_bp // 2, length - context_bp))
        yield Pass(chrom, start, min(length, start + context_bp), tuple(taken))


def plan_all(chart: Chart, sites: Sites, context_bp: int) -> list[Pass]:
    """Passes over sorted distinct sites, contig after contig."""
    lengths = np.diff(chart.starts)
    return [
        one
        for chrom, _, positions in chart.by_contig(sites)
        for one in plan_passes(chrom, int(lengths[chart.chroms.index(chrom)]), positions, context_bp)
    ]


def model_log_p(
    model: MaskedLanguageModel,
    genome: FastaReader,
    chart: Chart,
    sites: Sites,
    *,
    context_bp: int,
    batch_size: int | None = None,
    advance: Callable[[int], None] = lambda count: None,
) -> NDArray[np.float32]:
    """Natural log of p(A, C, G, T | the window, the site masked), both strands joined, float32 (n, 4).

    Args:
        model: a language model on nucleotide tokens.
        genome: what the sites are on.
        chart: numbers the sites.
        sites: n of them, sorted and distinct.
        context_bp: window of a pass.
        batch_size: passes that go through the model together; None takes what suits the device.
        advance: is told how many sites have just been answered.

    Raises:
        InputError: the model does not read single bases, has no reverse complement, or gives NaN or infinity.
    """
    base_ids(model.tokenizer)
    answers = np.empty((len(sites), 4), dtype=np.float32)
    passes = sorted(plan_all(chart, sites, context_bp), key=lambda one: one.end - one.start)
    starts = {chrom: chart.offset(chrom) for chrom in {one.chrom for one in passes}}
    for batch in in_batches(passes, batch_size or windows_per_pass(model, context_bp)):
        asked = [starts[one.chrom] + position for one in batch for position in one.masked]
        codes = [bases_of(genome.codes(one.chrom, one.start, one.end)) for one in batch]
        answers[np.searchsorted(sites, asked)] = _ask(model, batch, codes)
        advance(len(asked))
    return answers


@torch.inference_mode()
def _ask(model: MaskedLanguageModel, batch: Sequence[Pass], codes: Sequence[Codes]) -> NDArray[np.float32]:
    """Natural log of p(A, C, G, T) at the masked positions of a batch in their order, float32 (n, 4)."""
    ids, rows, columns = [], [], []
    for row, (one, codes_L) in enumerate(zip(batch, codes, strict=True)):
        offsets = np.array(one.masked) - one.start
        ids_L = model.tokenizer.encode_codes(codes_L)
        ids_L[offsets] = model.tokenizer.mask_id
        ids.append(ids_L)
        rows += [row] * len(offsets)
        columns += offsets.tolist()
    padded = pad(ids, model)
    logits_NV = model.both_strands(padded.ids_BL, padded.lengths_B).logits[rows, columns]
    log_p_N4: NDArray[np.float32] = base_log_probabilities(model, logits_NV).cpu().numpy()
    return log_p_N4
