"""What a head says along a part of a contig, window by window, in memory for one window."""

from collections.abc import Iterator

import numpy as np
import torch

from dna_mamba.alphabet import N_CODE, Codes, bases_of
from dna_mamba.errors import InputError
from dna_mamba.io.fasta import FastaReader
from dna_mamba.models import TaskModel
from dna_mamba.scoring.predictions.answers import AnswerValues
from dna_mamba.scoring.predictions.units import AlongUnit
from dna_mamba.sequences.tiling import Tile


def read_unit(model: TaskModel, genome: FastaReader, unit: AlongUnit) -> Iterator[AnswerValues]:
    """Answers (n, K) float32 of consecutive bins, which together are those of the part; NaN where a window is all N.

    Raises:
        InputError: an answer is not finite.
    """
    n_bins = genome.length(unit.chrom) // unit.bin_bp
    for window in unit.tiles:
        end = genome.length(unit.chrom) if window.end == n_bins else window.end * unit.bin_bp
        bases = bases_of(genome.codes(unit.chrom, window.start * unit.bin_bp, end))
        if (bases < N_CODE).any():
            yield from _read_window(model, bases, window, unit.chrom)
        else:
            shape = (window.keep_end - window.keep_start, len(model.head_config.outputs))
            yield np.full(shape, np.nan, dtype=np.float32)


def unit_bases(genome: FastaReader, unit: AlongUnit) -> Codes:
    """Base codes of what a part answers, without soft-mask bits."""
    return bases_of(genome.codes(unit.chrom, unit.start, unit.end))


@torch.inference_mode()
def _read_window(model: TaskModel, bases: Codes, window: Tile, chrom: str) -> Iterator[AnswerValues]:
    """What the window keeps; of the answers no more than a part exists at a time."""
    ids_BL = torch.from_numpy(model.tokenizer.encode_codes(bases)[None]).to(model.device)
    for part, output in model.stream(ids_BL):
        at = window.start + part.start
        first, last = max(window.keep_start, at) - at, min(window.keep_end, window.start + part.end) - at
        if first < last:
            answers_LK: AnswerValues = model.answers(output.logits[0, first:last]).float().cpu().numpy()
            if not np.isfinite(answers_LK).all():
                raise InputError(f"an answer on {chrom!r} is not finite", remedy="check the model's weights")
            yield answers_LK
