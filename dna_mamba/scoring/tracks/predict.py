"""Tracks: one number a base along contigs, both strands joined.

Either nothing is masked and one pass gives every base of a window; or every K-th base is, and K passes give each base
where the model does not see it.

A contig is read in overlapping windows of which the middle is kept, or whole; either way the reverse complement of a
contig has the mirrored ``ref-llr`` and ``entropy`` (see ``tiling``). Bases that are N in the reference have no value.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dna_mamba.alphabet import BASES, N_CODE, SOFT_MASK
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.inference.likelihood import base_ids, base_log_probabilities
from dna_mamba.inference.open import as_model, as_reference, as_regions, sites_per_pass
from dna_mamba.io.fasta import FastaReader
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.models.memory import Shape, inference_bytes, require
from dna_mamba.sequences.tiling import Tile, check_tiling, longest_whole, tile

DEFAULT_WINDOW_BP, DEFAULT_OVERLAP_BP = 8192, 1024
KINDS = "ref-llr, entropy, probability:A (or C, G, T), embedding:K"
_JOINED = {True: "first half forward strand, second half reverse strand", False: "mean of both strands"}


class Prediction(NamedTuple):
    """What tracks are made of: log probabilities (B, L, 4), reference codes (B, L), hidden states (B, L, C)."""

    log_p: Tensor
    codes: Tensor
    hidden: Tensor


class Track(NamedTuple):
    """A quantity: its name as it is asked for, what it says, and its values (B, L) in a prediction."""

    name: str
    description: str
    values: Callable[[Prediction], Tensor]

    @property
    def label(self) -> str:
        """The name as part of a file's."""
        return self.name.replace(":", "-")


def parse_track(name: str, model: MaskedLanguageModel) -> Track:
    """A track by its name: ``ref-llr``, ``entropy``, ``probability:A``, ``embedding:K`` (K counts from 0).

    Raises:
        InputError: no such track, or the model has no such component.
    """
    kind, _, argument = name.partition(":")
    if name == "ref-llr":
        text = "ln p(ref) - mean of ln p over the three other bases, in nats; above 0: the reference is expected"
        return Track(name, text, _ref_llr)
    if name == "entropy":
        text = "- sum p ln p over A, C, G and T, in nats; 0 (certain) to ln 4 = 1.386 (no idea)"
        return Track(name, text, lambda made: -(made.log_p.exp() * made.log_p).sum(-1))
    if kind == "probability" and len(argument) == 1 and argument in BASES:
        base = BASES.index(argument)
        return Track(name, f"probability of {argument}, 0 to 1", lambda made: made.log_p[..., base].exp())
    if kind == "embedding" and argument.isascii() and argument.isdigit():
        return _embedding(name, int(argument), model)
    raise InputError(f"no track {name!r}", place="--track", remedy=f"there are {KINDS}")


def _ref_llr(made: Prediction) -> Tensor:
    """Minus the mean LLR of the three substitutions."""
    ref_BL1 = made.codes.clamp(max=len(BASES) - 1)[..., None]
    ref_BL = made.log_p.gather(-1, ref_BL1)[..., 0]
    return ref_BL - (made.log_p.sum(-1) - ref_BL) / 3


def _embedding(name: str, component: int, model: MaskedLanguageModel) -> Track:
    n_channels, is_shared = model.config.d_hidden, model.config.reverse_complement == "shared"
    if component >= n_channels:
        remedy = f"take 0 to {n_channels - 1}"
        raise InputError(f"{name!r}: the model has {n_channels} channels", place="--track", remedy=remedy)
    channels = f"channel {component} (from 0) of {n_channels}"
    text = f"{channels} of the hidden state after the final norm; {_JOINED[is_shared]}"
    return Track(name, text, lambda made: made.hidden[..., component].float())


class Reading(NamedTuple):
    """How contigs are read.

    The window (0: whole contigs), how far neighbours overlap, windows in one pass, and every how many bases one is
    masked (0: none, one pass).
    """

    window_bp: int = DEFAULT_WINDOW_BP
    overlap_bp: int = DEFAULT_OVERLAP_BP
    batch_size: int | None = None
    mask_every: int = 0

    def described(self) -> dict[str, str]:
        """Every setting by name, in words."""
        return {name: str(value) for name, value in self._asdict().items()}


class Piece(NamedTuple):
    """Values (n, T) float32 of T tracks at neighbouring bases of a contig; NaN where the reference is N."""

    start: int
    values: NDArray[np.float32]


class Tracks(NamedTuple):
    """Tracks over a region: their names, and values (T, L) float32, NaN where the reference is N."""

    region: Interval
    names: tuple[str, ...]
    values: NDArray[np.float32]


def genome_tracks(
    region: Interval | str,
    reference: FastaReader | str | Path,
    model: MaskedLanguageModel | str | Path,
    *,
    tracks: Sequence[str] = ("ref-llr",),
    window_bp: int = DEFAULT_WINDOW_BP,
    overlap_bp: int = DEFAULT_OVERLAP_BP,
    mask_every: int = 0,
    batch_size: int | None = None,
    device: str | torch.device | None = None,
) -> Tracks:
    """Tracks over a region; its values are those that a run over the whole contig gives.

    Args:
        region: 0-based half-open interval, or ``chr:start-end`` (1-based, both ends included).
        reference: genome, open or by path.
        model: model, or its directory or packaged name.
        tracks: names as ``parse_track`` takes them.
        window_bp: length of a window; 0 reads the whole contig, exactly.
        overlap_bp: how far neighbouring windows overlap at least.
        mask_every: K masks every K-th base, in K passes, and takes each base where it is masked; 0 masks none.
        batch_size: windows in one forward pass; default what suits the device.
        device: where the model runs; default where it is, the CPU for one that is loaded.

    Raises:
        InputError: a region, track, model or genome that cannot be used, or predictions that are not finite.
        MachineError: a window needs more memory than there is.
    """
    genome, network = as_reference(reference), as_model(model, device)
    (interval,) = as_regions([region], genome)
    wanted = [parse_track(name, network) for name in tracks]
    reading = Reading(window_bp, overlap_bp, batch_size, mask_every)
    tiles = tiles_over([interval], genome.length(interval.chrom), reading)
    values_LT = np.full((len(interval), len(wanted)), np.nan, dtype=np.float32)
    for start, piece in read_tiles(interval.chrom, tiles, genome, network, wanted, reading):
        first, last = max(start, interval.start), min(start + len(piece), interval.end)
        values_LT[first - interval.start : last - interval.start] = piece[first - start : last - start]
    return Tracks(interval, tuple(tracks), np.ascontiguousarray(values_LT.T))


def tiles_over(regions: Iterable[Interval], length: int, reading: Reading) -> list[Tile]:
    """The windows of a contig that keep something of any of its regions."""
    spans = sorted((region.start, region.end) for region in regions if len(region))
    chosen, at = [], 0
    for window in tile(length, reading.window_bp, reading.overlap_bp):
        while at < len(spans) and spans[at][1] <= window.keep_start:
            at += 1
        if at < len(spans) and spans[at][0] < window.keep_end:
            chosen.append(window)
    return chosen


def check_reading(model: MaskedLanguageModel, reading: Reading, longest_bp: int) -> None:
    """Refuse, before it takes hours to find out, what cannot be read.

    Raises:
        InputError: the model reads no single bases, or the windows make no sense.
        MachineError: a window needs more memory than there is.
    """
    base_ids(model.tokenizer)
    check_tiling(reading.window_bp, reading.overlap_bp)
    window_bp = min(longest_whole(reading.window_bp, reading.overlap_bp, longest_bp) + 1, longest_bp)
    batch_size = reading.batch_size or sites_per_pass(model, max(1, window_bp))
    weight = model.encoder.embedding.weight
    needed = inference_bytes(model.config, Shape(2 * batch_size, window_bp), weight.device, weight.dtype)
    require(needed, weight.device, f"windows of {window_bp:,} bp", "take a smaller --window or --batch-size")


def read_tiles(
    chrom: str,
    tiles: Sequence[Tile],
    reference: FastaReader,
    model: MaskedLanguageModel,
    tracks: Sequence[Track],
    reading: Reading,
) -> Iterator[Piece]:
    """What each window keeps, in order. Windows of nothing but N are not run."""
    for batch in _batches(tiles, model, reading.batch_size):
        codes_BL = np.stack([reference.codes(chrom, t.start, t.end) for t in batch]) & ~np.uint8(SOFT_MASK)
        values_BLT = np.full((*codes_BL.shape, len(tracks)), np.nan, dtype=np.float32)
        known = (codes_BL < N_CODE).any(axis=1)
        if known.any():
            values_BLT[known] = _predict(model, codes_BL[known], tracks, reading.mask_every)
        values_BLT[codes_BL >= N_CODE] = np.nan
        for window, values_LT in zip(batch, values_BLT, strict=True):
            yield Piece(window.keep_start, values_LT[window.keep_start - window.start : window.keep_end - window.start])


def _batches(tiles: Sequence[Tile], model: MaskedLanguageModel, batch_size: int | None) -> Iterator[list[Tile]]:
    """Neighbouring windows of one length."""
    batch: list[Tile] = []
    for window in tiles:
        length = window.end - window.start
        size = batch_size or sites_per_pass(model, length)
        if batch and (len(batch) >= size or length != batch[0].end - batch[0].start):
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch


@torch.inference_mode()
def _predict(
    model: MaskedLanguageModel, codes_BL: NDArray[np.uint8], tracks: Sequence[Track], mask_every: int
) -> NDArray[np.float32]:
    """Values (B, L, T) of windows of one length; of the output no more than a part exists at a time."""
    device = model.encoder.embedding.weight.device
    ids_BL = torch.from_numpy(model.tokenizer.encode_codes(codes_BL)).to(device)
    values_BLT = np.empty((*codes_BL.shape, len(tracks)), dtype=np.float32)
    for first in range(max(1, mask_every)):
        seen_BL = ids_BL.clone()
        if mask_every:
            seen_BL[:, first::mask_every] = model.tokenizer.mask_id
        for part, output in model.stream(seen_BL, both_strands=True):
            taken = slice(part.start + (first - part.start) % max(1, mask_every), part.end, max(1, mask_every))
            here = slice(taken.start - part.start, None, taken.step)
            codes = torch.from_numpy(codes_BL[:, taken].astype(np.int64)).to(device)
            log_p = base_log_probabilities(model, output.logits[:, here])
            made = Prediction(log_p, codes, output.hidden[:, here])
            values_BLT[:, taken] = torch.stack([track.values(made) for track in tracks], dim=-1).cpu().numpy()
    return values_BLT
