"""What a model expects at every position of a stretch, piece by piece.

Two ways to ask. ``llr`` masks each site in turn, in the window and with the numbers of ``score_variants`` (the masked
marginal of Meier et al. 2021): one window a site. ``wt-llr`` masks nothing and reads the probabilities of all sites
off one pass (their wild-type marginal): hundreds of times faster, but the model sees the base that it is asked about.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple, Protocol, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from dna_mamba.alphabet import Codes, bases_of
from dna_mamba.errors import InputError
from dna_mamba.inference.batch import pad, require_memory, windows_per_pass
from dna_mamba.inference.context import context_of
from dna_mamba.inference.likelihood import base_ids, base_log_probabilities, masked_log_probabilities
from dna_mamba.io.fasta import FastaReader
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.sequences.windows import MaskedSite, flank_bp

Asking = Literal["llr", "wt-llr"]
WAYS: tuple[Asking, ...] = get_args(Asking)
_REMEDY = "take a smaller --context, --batch-size or region"


class Settings(NamedTuple):
    """How sites are asked about: with which score, the longest window in bp, sites in one forward pass.

    None is the window that the model was trained on (``inference.context``), and what suits the device.
    """

    scores: Asking = "llr"
    context_bp: int | None = None
    batch_size: int | None = None

    def window_bp(self, model: MaskedLanguageModel) -> int:
        """The longest window."""
        return context_of(model, self.context_bp)

    def sites_per_pass(self, model: MaskedLanguageModel) -> int:
        """Masked sites in one forward pass."""
        return self.batch_size or windows_per_pass(model, self.window_bp(model))


class LogProbabilities(NamedTuple):
    """Natural log of p(A, C, G, T), float32 (l, 4), at positions from ``start`` (0-based) on."""

    start: int
    log_p_L4: NDArray[np.float32]


class Source(Protocol):
    """A sequence that is asked about."""

    @property
    def length(self) -> int:
        """In base pairs."""
        ...

    def codes(self, start: int, end: int) -> Codes:
        """Base codes of ``[start, end)``."""
        ...


class OnContig(NamedTuple):
    """A contig of a genome."""

    reference: FastaReader
    chrom: str

    @property
    def length(self) -> int:
        return self.reference.length(self.chrom)

    def codes(self, start: int, end: int) -> Codes:
        return self.reference.codes(self.chrom, start, end)


class Alone(NamedTuple):
    """A sequence of its own."""

    all_codes: Codes

    @property
    def length(self) -> int:
        return len(self.all_codes)

    def codes(self, start: int, end: int) -> Codes:
        return self.all_codes[start:end]


def log_probabilities(
    source: Source, start: int, end: int, model: MaskedLanguageModel, settings: Settings
) -> Iterator[LogProbabilities]:
    """Consecutive pieces of ``[start, end)``, each as soon as it is done.

    Raises:
        InputError: no such way to ask, a model that does not read single bases, or predictions that are not finite.
        MachineError: the windows need more memory than there is.
    """
    base_ids(model.tokenizer)
    if settings.scores not in WAYS:
        raise InputError(f"no scores {settings.scores!r}", remedy=f"choose {' or '.join(WAYS)}")
    run = _masked if settings.scores == "llr" else _unmasked
    return run(source, start, end, model, settings)


def _masked(
    source: Source, start: int, end: int, model: MaskedLanguageModel, settings: Settings
) -> Iterator[LogProbabilities]:
    """Every site masked in the window of ``windows.site_window``."""
    window_bp, size = settings.window_bp(model), settings.sites_per_pass(model)
    flank = flank_bp(window_bp)
    require_memory(model, size, window_bp, what=f"windows of {window_bp:,} bp", remedy=_REMEDY)
    for first in range(start, end, size):
        last = min(first + size, end)
        left, right = max(first - flank, 0), min(last + flank, source.length)
        codes = bases_of(source.codes(left, right)).tobytes()
        sites = []
        for site in range(first, last):
            a, b = max(site - flank, 0), min(site + flank + 1, source.length)
            sites.append(MaskedSite(codes[a - left : b - left], site - a))
        yield LogProbabilities(first, masked_log_probabilities(model, sites))


@torch.inference_mode()
def _unmasked(
    source: Source, start: int, end: int, model: MaskedLanguageModel, settings: Settings
) -> Iterator[LogProbabilities]:
    """The stretch with the context's flank beyond each end in one pass, streamed."""
    flank = flank_bp(settings.window_bp(model))
    left, right = max(start - flank, 0), min(end + flank, source.length)
    require_memory(model, 1, right - left, what=f"windows of {right - left:,} bp", remedy=_REMEDY)
    batch = pad([model.tokenizer.encode_codes(source.codes(left, right))], model)
    for part, output in model.stream(batch.ids_BL, both_strands=True):
        a, b = max(left + part.start, start), min(left + part.end, end)
        if a < b:
            here = slice(a - left - part.start, b - left - part.start)
            yield LogProbabilities(a, base_log_probabilities(model, output.logits[0, here]).cpu().numpy())
