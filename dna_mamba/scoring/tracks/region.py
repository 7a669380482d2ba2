"""Tracks over one region, as arrays."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from dna_mamba.defaults import DEFAULT_OVERLAP_BP, DEFAULT_WINDOW_BP
from dna_mamba.genome import Interval
from dna_mamba.inference.open import as_model
from dna_mamba.io.fasta import FastaReader
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.models.precision import Precision
from dna_mamba.scoring.tracks.quantities import parse_track
from dna_mamba.scoring.tracks.reading import Reading, check_reading, read_tiles, tiles_over
from dna_mamba.sequences.regions import as_reference, as_regions


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
    precision: Precision | None = None,
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
        precision: ``float32``, ``tf32``, ``bfloat16`` or ``auto`` (see ``models.precision``); default the model's own.

    Raises:
        InputError: a region, track, model or genome that cannot be used, or predictions that are not finite.
        MachineError: a window needs more memory than there is.
    """
    genome, network = as_reference(reference), as_model(model, device, precision)
    (interval,) = as_regions([region], genome)
    wanted = [parse_track(name, network) for name in tracks]
    reading = Reading(window_bp, overlap_bp, batch_size, mask_every)
    length = genome.length(interval.chrom)
    check_reading(network, reading, length)
    tiles = tiles_over([interval], length, reading)
    values_LT = np.full((len(interval), len(wanted)), np.nan, dtype=np.float32)
    for start, piece in read_tiles(interval.chrom, tiles, genome, network, wanted, reading):
        first, last = max(start, interval.start), min(start + len(piece), interval.end)
        values_LT[first - interval.start : last - interval.start] = piece[first - start : last - start]
    return Tracks(interval, tuple(tracks), np.ascontiguousarray(values_LT.T))
