"""What longer context brings on held-out sequence: the same bases asked about in windows of several lengths."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import N_CODE, bases_of
from dna_mamba.data.genomes import ContigCodes
from dna_mamba.data.held_out import even_shares
from dna_mamba.inference.batch import in_batches, windows_per_pass
from dna_mamba.inference.likelihood import masked_log_probabilities
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.sequences.windows import MaskedSite, flank_bp
from dna_mamba.training.loop.log import RunLog
from dna_mamba.training.loop.watcher import Report
from dna_mamba.training.pretrain.held_out import HeldOutPart

SITES = 1500
"""Bases that are asked about, evenly spaced over each genome, as many in each where there are enough."""


class ContextLoss(NamedTuple):
    """Bits per base with windows of at most ``window_bp``, beside the shortest windows asked about.

    Attributes:
        window_bp: length in bp, the base in the middle masked; shorter at the ends of a sequence.
        bits_per_base: mean over the bases.
        gain_bits: how many fewer these are than with the shortest window, mean over the bases.
        gain_error: standard error of that mean.
    """

    window_bp: int
    bits_per_base: float
    gain_bits: float
    gain_error: float


def context_losses(
    model: MaskedLanguageModel,
    genomes: Mapping[str, Sequence[ContigCodes]],
    windows_bp: Sequence[int],
    *,
    sites: int = SITES,
) -> list[ContextLoss]:
    """Loss of the same bases, each masked in the middle of its window as scoring masks it, for several lengths.

    Args:
        model: reads single bases.
        genomes: sequences of each genome, uint8 (L,) each.
        windows_bp: lengths, in any order.
        sites: how many bases; fewer where there are fewer that are known.

    Raises:
        InputError: the model does not read single bases, has no reverse complement, or gives NaN or infinity.
    """
    lengths = sorted(set(windows_bp))
    chosen = [site for part in _widest_windows(genomes, lengths[-1], sites) for site in part]
    if not chosen:
        return []
    bits_by_length = [_bits(model, chosen, window_bp) for window_bp in lengths]
    gains = [bits_by_length[0] - bits for bits in bits_by_length]
    errors = [float(gain.std(ddof=1)) / math.sqrt(len(gain)) if len(gain) > 1 else math.nan for gain in gains]
    return [
        ContextLoss(window_bp, float(bits.mean()), float(gain.mean()), error)
        for window_bp, bits, gain, error in zip(lengths, bits_by_length, gains, errors, strict=True)
    ]


def log_contexts(part: HeldOutPart, model: MaskedLanguageModel, step: int, log: RunLog, report: Report) -> None:
    """Compare the windows that a part's plan names, if it names any; write them to the log."""
    if not part.plan.contexts:
        return
    was_training = model.training
    model.eval()
    losses = context_losses(model, part.genomes, part.plan.contexts)
    model.train(was_training)
    if losses:
        log.write("contexts", step, split=part.use, windows=[loss._asdict() for loss in losses])
        figures = ", ".join(f"{loss.window_bp:,} bp {loss.bits_per_base:.4f}" for loss in losses)
        report(f"{part.use}, bits per base by window: {figures}")


def _widest_windows(
    genomes: Mapping[str, Sequence[ContigCodes]], window_bp: int, sites: int
) -> Iterator[list[MaskedSite]]:
    """Windows around evenly spaced known bases, genome by genome."""
    sizes = [sum(map(len, sequences)) for sequences in genomes.values()]
    for sequences, size, share in zip(genomes.values(), sizes, even_shares(sizes, sites), strict=True):
        ends = np.cumsum([len(codes) for codes in sequences])
        found = []
        for place in (np.arange(share) + 0.5) * size / max(1, share):
            which = int(np.searchsorted(ends, int(place), side="right"))
            at = int(place) - int(ends[which]) + len(sequences[which])
            site = _around(sequences[which], at, window_bp)
            if site.codes[site.offset] < N_CODE:
                found.append(site)
        yield found


def _around(codes: ContigCodes, at: int, window_bp: int) -> MaskedSite:
    start, end = max(0, at - flank_bp(window_bp)), at + flank_bp(window_bp) + 1
    return MaskedSite(bases_of(codes[start:end]).tobytes(), at - start)


def _bits(model: MaskedLanguageModel, widest: Sequence[MaskedSite], window_bp: int) -> NDArray[np.float64]:
    """Surprise at each base, bits (n,)."""
    flank = flank_bp(window_bp)
    sites = [
        MaskedSite(site.codes[max(0, site.offset - flank) : site.offset + flank + 1], min(site.offset, flank))
        for site in widest
    ]
    found = []
    for batch in in_batches(sites, windows_per_pass(model, window_bp)):
        log_p_B4 = masked_log_probabilities(model, batch).astype(np.float64)
        found += [-log_p_4[site.codes[site.offset]] for log_p_4, site in zip(log_p_B4, batch, strict=True)]
    return np.array(found) / math.log(2)
