"""Reading contigs for tracks, in overlapping windows of which the middle is kept, or whole.

Either nothing is masked and one pass gives every base of a window; or every K-th base is, and K passes give each base
where the model does not see it. Either way the reverse complement of a contig has the mirrored ``ref-llr`` and
``entropy`` (see ``sequences.tiling``). Bases that are N in the reference have no value.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from dna_mamba.alphabet import N_CODE, Codes, bases_of
from dna_mamba.defaults import DEFAULT_OVERLAP_BP, DEFAULT_WINDOW_BP
from dna_mamba.genome import Interval
from dna_mamba.inference.batch import require_memory, windows_per_pass
from dna_mamba.inference.likelihood import base_ids, base_log_probabilities
from dna_mamba.io.fasta import FastaReader
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.scoring.tracks.quantities import Prediction, Track
from dna_mamba.sequences.tiling import Tile, check_tiling, longest_whole, tile, tiles_touching


class Reading(NamedTuple):
    """How contigs are read.

    Attributes:
        window_bp: length of a window; 0 reads whole contigs.
        overlap_bp: how far neighbouring windows overlap at least.
        batch_size: windows in one pass; default what suits the device.
        mask_every: K masks every K-th base, in K passes; 0 masks none, in one.
    """

    window_bp: int = DEFAULT_WINDOW_BP
    overlap_bp: int = DEFAULT_OVERLAP_BP
    batch_size: int | None = None
    mask_every: int = 0

    @property
    def n_passes(self) -> int:
        """How often every base is read."""
        return max(1, self.mask_every)

    def described(self) -> dict[str, str]:
        """Every setting by name, in words."""
        return {name: str(value) for name, value in self._asdict().items()}


class Piece(NamedTuple):
    """Values (n, T) float32 of T tracks at neighbouring bases of a contig from ``start`` on; NaN where it is N."""

    start: int
    values: NDArray[np.float32]


def tiles_over(regions: Iterable[Interval], length: int, reading: Reading) -> list[Tile]:
    """The windows of a contig that keep something of any of its regions."""
    return tiles_touching(tile(length, reading.window_bp, reading.overlap_bp), regions)


def check_reading(model: MaskedLanguageModel, reading: Reading, longest_bp: int) -> None:
    """Refuse, before it takes hours to find out, what cannot be read.

    Raises:
        InputError: the model does not read single bases, or the windows make no sense.
        MachineError: a window needs more memory than there is.
    """
    base_ids(model.tokenizer)
    check_tiling(reading.window_bp, reading.overlap_bp)
    window_bp = min(longest_whole(reading.window_bp, reading.overlap_bp, longest_bp) + 1, longest_bp)
    batch_size = reading.batch_size or windows_per_pass(model, window_bp)
    what, remedy = f"windows of {window_bp:,} bp", "take a smaller --window or --batch-size"
    require_memory(model, batch_size, window_bp, what=what, remedy=remedy)


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
        codes_BL = np.stack([bases_of(reference.codes(chrom, t.start, t.end)) for t in batch])
        values_BLT = np.full((*codes_BL.shape, len(tracks)), np.nan, dtype=np.float32)
        known = (codes_BL < N_CODE).any(axis=1)
        if known.any():
            values_BLT[known] = _predict(model, codes_BL[known], tracks, reading)
        values_BLT[codes_BL >= N_CODE] = np.nan
        for window, values_LT in zip(batch, values_BLT, strict=True):
            yield Piece(window.keep_start, values_LT[window.keep_start - window.start : window.keep_end - window.start])


def _batches(tiles: Sequence[Tile], model: MaskedLanguageModel, batch_size: int | None) -> Iterator[list[Tile]]:
    """Neighbouring windows of one length."""
    batch: list[Tile] = []
    for window in tiles:
        length = window.end - window.start
        size = batch_size or windows_per_pass(model, length)
        if batch and (len(batch) >= size or length != batch[0].end - batch[0].start):
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch


@torch.inference_mode()
def _predict(
    model: MaskedLanguageModel, codes_BL: Codes, tracks: Sequence[Track], reading: Reading
) -> NDArray[np.float32]:
    """Values (B, L, T) of windows of one length; of the output no more than a part exists at a time."""
    ids_BL = torch.from_numpy(model.tokenizer.encode_codes(codes_BL)).to(model.device)
    every = reading.n_passes
    values_BLT = np.empty((*codes_BL.shape, len(tracks)), dtype=np.float32)
    for first in range(every):
        seen_BL = ids_BL.clone()
        if reading.mask_every:
            seen_BL[:, first::every] = model.tokenizer.mask_id
        for part, output in model.stream(seen_BL, both_strands=True):
            taken = slice(part.start + (first - part.start) % every, part.end, every)
            here = slice(taken.start - part.start, None, taken.step)
            codes = torch.from_numpy(codes_BL[:, taken].astype(np.int64)).to(model.device)
            log_p = base_log_probabilities(model, output.logits[:, here])
            made = Prediction(log_p, codes, output.hidden[:, here])
            values_BLT[:, taken] = torch.stack([track.values(made) for track in tracks], dim=-1).cpu().numpy()
    return values_BLT
