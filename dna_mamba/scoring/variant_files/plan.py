"""What decides the numbers of a run, in words: by it a stopped run is resumed, and shards are known to belong."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dna_mamba import __version__
from dna_mamba.inference.open import sites_per_pass
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.fasta.byte_sources import FileIdentity
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.runs.progress import earlier_value, progress_directory
from dna_mamba.runs.shards import Shard
from dna_mamba.scoring.variant_files.target import Target

BATCH_SIZE = "batch_size"


@dataclass(frozen=True)
class Run:
    """A run whose progress is kept, so that it can be resumed, or one of several that make a whole.

    Args:
        facts: what decides the scores, by name: hashes of input, model and reference, and the options.
        state: the input's as ``facts`` were gathered.
        shard: the piece to score; None for all, without the header line by which ``merge`` knows a shard.
        resume: go on where an earlier run stopped, if there is one.
    """

    facts: Mapping[str, str]
    state: FileIdentity
    shard: Shard | None = None
    resume: bool = False

    @property
    def batch_size(self) -> int:
        """Windows in one forward pass."""
        return int(self.facts[BATCH_SIZE])


def input_state(path: str | Path) -> FileIdentity:
    """What changes when the file does. Raises OSError if it cannot be opened."""
    with open(path, "rb") as file:
        return FileIdentity.of(file.fileno())


def plan_run(
    path: str | Path,
    target: Target,
    reference: FastaReader,
    model: MaskedLanguageModel,
    weights_sha256: str,
    options: Mapping[str, object],
    *,
    context_bp: int,
    batch_size: int | None = None,
    shard: Shard | None = None,
    resume: bool = False,
) -> Run:
    """A run over a file, described.

    Args:
        path: the VCF or BCF, a file.
        target: what is written.
        reference: the genome.
        model: the model.
        weights_sha256: of the model.
        options: whatever else decides the scores, by name.
        context_bp: longest window.
        batch_size: windows in one forward pass; default that of the run to resume, or what suits the device.
        shard: the piece to score.
        resume: go on where an earlier run stopped.
    """
    state = input_state(path)
    with open(path, "rb") as file:
        input_sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    earlier = earlier_value(progress_directory(target.path), BATCH_SIZE) if resume and target.is_file else None
    if batch_size is None and earlier is not None and earlier.isdigit():
        batch_size = int(earlier)
    facts: dict[str, object] = {
        "input": input_sha256,
        "model": weights_sha256,
        "reference": reference.fingerprint,
        "context": context_bp,
        **options,
        "lines": target.kind,
        "version": __version__,
        BATCH_SIZE: batch_size or sites_per_pass(model, context_bp),
        "device": model.encoder.embedding.weight.device.type,
    }
    return Run({name: str(value) for name, value in facts.items()}, state, shard, resume)


def kept_records(target: Target) -> Path | None:
    """Where the progress of a run that stopped is kept, if there is any."""
    directory = progress_directory(target.path)
    return directory if target.is_file and os.path.isdir(directory) else None
