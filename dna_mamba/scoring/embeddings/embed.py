"""Embeddings in memory."""

from collections.abc import Iterable
from pathlib import Path

import torch

from dna_mamba.genome import Interval
from dna_mamba.inference.pooling import Pool
from dna_mamba.inference.sequence_source import Records
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.models.precision import Precision
from dna_mamba.runs.counts import Advance, untold
from dna_mamba.scoring.embeddings.job import EmbedJob
from dna_mamba.scoring.embeddings.table import Embeddings


def embed(
    records: Records,
    model: MaskedLanguageModel | str | Path,
    *,
    regions: Iterable[Interval | str] | None = None,
    layer: int | None = None,
    pool: Pool = "mean",
    batch_size: int | None = None,
    max_length_bp: int | None = None,
    device: str | torch.device | None = None,
    precision: Precision | None = None,
    advance: Advance = untold,
) -> Embeddings:
    """Embed sequences, or regions of a genome: hidden states of one layer, pooled over positions.

    Every sequence is read whole, however long (see ``models.streaming``), and gets the vector it gets alone (1e-5),
    whatever it is batched with.
    ``metadata["strands"]`` says what the channels are; in mode ``shared`` there are 2 d_model of them, and the
    reverse complement of a sequence has the same vector with its channels reversed.

    Args:
        records: sequences, or a FASTA, GenBank or EMBL file; with ``regions`` a genome, open or by path (FASTA).
        model: model, or its directory or packaged name.
        regions: places on the genome, 0-based half-open or ``chr:start-end`` (1-based, both ends included);
            strand ``-`` is read as its reverse complement. None takes whole sequences.
        layer: whose output, n_layer being the last (None), 0 the token embedding; negative from the end, -1 the last.
            The final norm belongs to the last layer; others give the residual stream as it is.
        pool: ``mean`` or ``max`` over positions, ``center`` (the middle position, the mean of the two middle ones of
            an even length), or ``none``: every position its own row.
        batch_size: sequences in one forward pass at most; default as many as suit the device.
        max_length_bp: longest sequence taken; default as long as memory allows. Nothing is ever cut.
        device: where the model runs; default where it is, the CPU for one that is loaded.
        precision: ``float32``, ``tf32``, ``bfloat16`` or ``auto`` (see ``models.precision``); default the model's own.
        advance: told how many more base pairs are embedded, also within a long sequence.

    Raises:
        InputError: a sequence is empty or longer than ``max_length_bp``, a region leaves its contig, there is no such
            layer or pooling, or the input or model cannot be used.
        MachineError: a sequence, or the rows of all positions, need more memory than there is.
    """
    job = EmbedJob(
        records,
        model,
        regions=regions,
        layer=layer,
        pool=pool,
        batch_size=batch_size,
        max_length_bp=max_length_bp,
        device=device,
        precision=precision,
    )
    return job.embed(advance)
