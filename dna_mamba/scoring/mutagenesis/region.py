"""In-silico saturation mutagenesis of one region, or of a sequence of its own, as arrays."""

from pathlib import Path

import numpy as np
import torch

from dna_mamba.alphabet import encode_bases
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.inference.open import as_model
from dna_mamba.io.fasta import FastaReader
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.models.precision import Precision
from dna_mamba.runs.counts import Advance, untold
from dna_mamba.scoring.mutagenesis.sites import Alone, Asking, OnContig, Settings, log_probabilities
from dna_mamba.scoring.mutagenesis.table import Mutagenesis, joined
from dna_mamba.sequences.regions import as_reference, as_regions


def saturation_mutagenesis(
    region: Interval | str,
    reference: FastaReader | str | Path,
    model: MaskedLanguageModel | str | Path,
    *,
    scores: Asking = "llr",
    context_bp: int | None = None,
    batch_size: int | None = None,
    device: str | torch.device | None = None,
    precision: Precision | None = None,
    advance: Advance = untold,
) -> Mutagenesis:
    """What a model expects at every position of a region of a genome.

    Args:
        region: 0-based half-open interval, or ``chr:start-end`` (1-based, both ends included).
        reference: genome, open or by path.
        model: model, or its directory or packaged name.
        scores: ``llr`` masks each site in turn, ``wt-llr`` reads all sites off one pass without masks.
        context_bp: window around a masked site; without masks, half of it is read beyond each end of the region;
            default what the model was trained on (``inference.context``).
        batch_size: masked sites in one forward pass; default what suits the device.
        device: where the model runs; default where it is, the CPU for one that is loaded.
        precision: ``float32``, ``tf32``, ``bfloat16`` or ``auto`` (see ``models.precision``); default the model's own.
        advance: told the number of positions just done.

    Raises:
        InputError: a region, model or genome that cannot be used, or predictions that are not finite.
        MachineError: the windows need more memory than there is.
    """
    genome, network = as_reference(reference), as_model(model, device, precision)
    (interval,) = as_regions([region], genome)
    if len(interval) == 0:
        raise InputError(f"region {interval.chrom}:{interval.start}-{interval.end} (0-based) holds no base")
    contig, settings = OnContig(genome, interval.chrom), Settings(scores, context_bp, batch_size)
    parts = []
    for start, log_p_L4 in log_probabilities(contig, interval.start, interval.end, network, settings):
        parts.append(Mutagenesis(interval.chrom, start, contig.codes(start, start + len(log_p_L4)), log_p_L4))
        advance(len(log_p_L4))
    return joined(parts)


def saturation_mutagenesis_of_sequence(
    sequence: str | bytes,
    model: MaskedLanguageModel | str | Path,
    *,
    name: str = "sequence",
    scores: Asking = "llr",
    context_bp: int | None = None,
    batch_size: int | None = None,
    device: str | torch.device | None = None,
    precision: Precision | None = None,
) -> Mutagenesis:
    """As ``saturation_mutagenesis``, for a sequence of its own; there is nothing beyond its ends.

    Raises:
        InputError: the sequence is empty or not DNA, or the model cannot be used.
        MachineError: the windows need more memory than there is.
    """
    codes = encode_bases(sequence, place=name)
    if len(codes) == 0:
        raise InputError("the sequence is empty", place=name)
    settings = Settings(scores, context_bp, batch_size)
    pieces = log_probabilities(Alone(codes), 0, len(codes), as_model(model, device, precision), settings)
    return Mutagenesis(name, 0, codes, np.concatenate([piece.log_p_L4 for piece in pieces]))
