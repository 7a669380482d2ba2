"""In-silico saturation mutagenesis: what a model says of every substitution at every position.

Two ways to ask. ``llr`` masks each site in turn, in the window and with the numbers of ``score_variants`` (the masked
marginal of Meier et al. 2021): one window a site. ``wt-llr`` masks nothing and reads the probabilities of all sites
off one pass (their wild-type marginal): hundreds of times faster, but the model sees the base that it is asked about.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from dna_mamba.alphabet import encode_bases
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.inference.likelihood import base_ids, base_log_probabilities, masked_log_probabilities
from dna_mamba.inference.open import as_model, as_reference, as_regions, sites_per_pass
from dna_mamba.io.fasta import FastaReader
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.models.memory import Shape, inference_bytes, require
from dna_mamba.scoring.mutagenesis.table import SCORES, Mutagenesis, Scores, joined
from dna_mamba.sequences.windows import DEFAULT_CONTEXT_BP, SiteWindow, flank_bp

Codes = NDArray[np.uint8]


class Settings(NamedTuple):
    """How sites are asked about: which scores, the longest window in bp, sites in one forward pass."""

    scores: Scores = "llr"
    context_bp: int = DEFAULT_CONTEXT_BP
    batch_size: int | None = None


def saturation_mutagenesis(
    region: Interval | str,
    reference: FastaReader | str | Path,
    model: MaskedLanguageModel | str | Path,
    *,
    scores: Scores = "llr",
    context_bp: int = DEFAULT_CONTEXT_BP,
    batch_size: int | None = None,
    device: str | torch.device | None = None,
    advance: Callable[[int], None] = lambda count: None,
) -> Mutagenesis:
    """What a model expects at every position of a region of a genome.

    Args:
        region: 0-based half-open interval, or ``chr:start-end`` (1-based, both ends included).
        reference: genome, open or by path.
        model: model, or its directory or packaged name.
        scores: ``llr`` masks each site in turn, ``wt-llr`` reads all sites off one pass without masks.
        context_bp: window around a masked site; without masks, half of it is read beyond each end of the region.
        batch_size: masked sites in one forward pass; default what suits the device.
        device: where the model runs; default where it is, the CPU for one that is loaded.
        advance: told the number of positions just done.

    Raises:
        InputError: a region, model or genome that cannot be used, or predictions that are not finite.
        MachineError: the windows need more memory than there is.
    """
    genome, network = as_reference(reference), as_model(model, device)
    (interval,) = as_regions([region], genome)
    if len(interval) == 0:
        raise InputError(f"region {interval.chrom}:{interval.start}-{interval.end} (0-based) holds no base")
    parts = []
    for part in mutagenesis_parts(interval, genome, network, Settings(scores, context_bp, batch_size)):
        parts.append(part)
        advance(len(part))
    return joined(parts)


def saturation_mutagenesis_of_sequence(
    sequence: str | bytes,
    model: MaskedLanguageModel | str | Path,
    *,
    name: str = "sequence",
    scores: Scores = "llr",
    context_bp: int = DEFAULT_CONTEXT_BP,
    batch_size: int | None = None,
    device: str | torch.device | None = None,
) -> Mutagenesis:
    """As ``saturation_mutagenesis``, for a sequence of its own; there is nothing beyond its ends.

    Raises:
        InputError: the sequence is empty or no DNA, or the model cannot be used.
        MachineError: the windows need more memory than there is.
    """
    codes = encode_bases(sequence, place=name)
    if len(codes) == 0:
        raise InputError("the sequence is empty", place=name)
    settings = Settings(scores, context_bp, batch_size)
    log_p = [rows for _, rows in _log_probabilities(_Lone(codes), 0, len(codes), as_model(model, device), settings)]
    return Mutagenesis(name, 0, codes, np.concatenate(log_p))


def mutagenesis_parts(
    region: Interval, reference: FastaReader, model: MaskedLanguageModel, settings: Settings
) -> Iterator[Mutagenesis]:
    """A region piece by piece from left to right, as soon as each is done; see ``saturation_mutagenesis``."""
    contig = _OnContig(reference, region.chrom)
    if not region.end <= contig.length:
        what = f"region {region} ends behind {region.chrom}, which has {contig.length} bp"
        raise InputError(what, remedy="check the region, or the reference")
    for start, log_p_L4 in _log_probabilities(contig, region.start, region.end, model, settings):
        yield Mutagenesis(region.chrom, start, contig.codes(start, start + len(log_p_L4)), log_p_L4)


class _OnContig(NamedTuple):
    reference: FastaReader
    chrom: str

    @property
    def length(self) -> int:
        return self.reference.length(self.chrom)

    def codes(self, start: int, end: int) -> Codes:
        return self.reference.codes(self.chrom, start, end)


class _Lone(NamedTuple):
    all_codes: Codes

    @property
    def length(self) -> int:
        return len(self.all_codes)

    def codes(self, start: int, end: int) -> Codes:
        return self.all_codes[start:end]


_Source = _OnContig | _Lone


def _log_probabilities(
    source: _Source, start: int, end: int, model: MaskedLanguageModel, settings: Settings
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Start and log probabilities (l, 4) of consecutive pieces of ``[start, end)``."""
    base_ids(model.tokenizer)
    flank = flank_bp(settings.context_bp)
    if settings.scores not in SCORES:
        raise InputError(f"no scores {settings.scores!r}", remedy=f"choose {' or '.join(SCORES)}")
    run = _masked if settings.scores == "llr" else _unmasked
    return run(source, start, end, flank, model, settings)


def _masked(
    source: _Source, start: int, end: int, flank: int, model: MaskedLanguageModel, settings: Settings
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Every site masked in the window of ``windows.site_window``."""
    size = settings.batch_size or sites_per_pass(model, settings.context_bp)
    _require_memory(model, Shape(2 * size, settings.context_bp))
    for first in range(start, end, size):
        last = min(first + size, end)
        left, right = max(first - flank, 0), min(last + flank, source.length)
        codes = source.codes(left, right)
        windows = []
        for site in range(first, last):
            a, b = max(site - flank, 0), min(site + flank + 1, source.length)
            windows.append(SiteWindow(codes[a - left : b - left], site - a, is_cut=b - a < 2 * flank + 1))
        yield first, masked_log_probabilities(model, windows)


@torch.inference_mode()
def _unmasked(
    source: _Source, start: int, end: int, flank: int, model: MaskedLanguageModel, _: Settings
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """The region with ``flank`` bases beyond each end in one pass, streamed."""
    left, right = max(start - flank, 0), min(end + flank, source.length)
    _require_memory(model, Shape(2, right - left))
    ids_1L = torch.from_numpy(model.tokenizer.encode_codes(source.codes(left, right)))[None]
    for part, output in model.stream(ids_1L.to(model.encoder.embedding.weight.device), both_strands=True):
        a, b = max(left + part.start, start), min(left + part.end, end)
        if a < b:
            here = slice(a - left - part.start, b - left - part.start)
            yield a, base_log_probabilities(model, output.logits[0, here]).cpu().numpy()


def _require_memory(model: MaskedLanguageModel, shape: Shape) -> None:
    weight = model.encoder.embedding.weight
    needed = inference_bytes(model.config, shape, weight.device, weight.dtype)
    remedy = "take a smaller --context, --batch-size or region"
    require(needed, weight.device, f"windows of {shape.length:,} bp", remedy)
