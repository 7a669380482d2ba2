"""Models, genomes and places on them as callers give them, and how much goes into one forward pass."""

from collections.abc import Iterable
from pathlib import Path

import torch

from dna_mamba.checkpoints import load_model
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.regions import parse_region, place_region
from dna_mamba.models import MaskedLanguageModel


def as_model(model: MaskedLanguageModel | str | Path, device: str | torch.device | None = None) -> MaskedLanguageModel:
    """The model itself, or loaded from where ``load_model`` finds it; moved to ``device`` unless that is None.

    Raises:
        InputError: no such model, a damaged one, or one that says nothing of single positions.
    """
    if not isinstance(model, str | Path):
        return model if device is None else model.to(device)
    loaded = load_model(model, device or "cpu")
    if not isinstance(loaded, MaskedLanguageModel):
        remedy = "take the language model that it was made of"
        raise InputError("is a classifier of whole sequences, no language model", place=model, remedy=remedy)
    return loaded


def as_reference(reference: FastaReader | str | Path) -> FastaReader:
    """The reader itself, or one opened on a path. Raises InputError if the file cannot be used."""
    return FastaReader(reference) if isinstance(reference, str | Path) else reference


def as_regions(regions: Iterable[Interval | str], reference: FastaReader) -> tuple[Interval, ...]:
    """Places on the genome under its names of contigs, notation parsed. Raises InputError for one that is not on it."""
    lengths = dict(reference.contigs)
    return tuple(
        parse_region(region, lengths) if isinstance(region, str) else place_region(region, lengths, reference.path)
        for region in regions
    )


def positions_per_pass(model: MaskedLanguageModel) -> int:
    """Positions that suit one forward pass where the model is: what fits in a CPU's caches, what fills a GPU."""
    is_cpu = model.encoder.embedding.weight.device.type == "cpu"
    return 1024 * torch.get_num_threads() if is_cpu else 262_144


def sites_per_pass(model: MaskedLanguageModel, context_bp: int) -> int:
    """Windows of ``context_bp`` that suit one forward pass."""
    return max(1, positions_per_pass(model) // context_bp)
