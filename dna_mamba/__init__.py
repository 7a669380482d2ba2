"""DNA Mamba: genomics sequence modelling with a bidirectional, reverse-complement-aware Mamba encoder.

``load_model`` opens a model directory or a packaged model, ``score_variants`` scores a VCF against a genome and
``embed`` turns sequences into vectors; ``saturation_mutagenesis`` scores every substitution of a region and
``genome_tracks`` every base. ``ScoreJob``, ``MutagenesisJob``, ``TracksJob`` and ``EmbedJob`` write files, as the
command line does. Each is imported when first used, so ``import dna_mamba`` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from dna_mamba.version import __version__

if TYPE_CHECKING:
    from dna_mamba.checkpoints import load_model
    from dna_mamba.scoring import (
        EmbedJob,
        MutagenesisJob,
        ScoreJob,
        TracksJob,
        embed,
        genome_tracks,
        merge_scores,
        saturation_mutagenesis,
        score_variants,
    )

__all__ = [
    "EmbedJob",
    "MutagenesisJob",
    "ScoreJob",
    "TracksJob",
    "__version__",
    "embed",
    "genome_tracks",
    "load_model",
    "merge_scores",
    "saturation_mutagenesis",
    "score_variants",
]

_HOMES = dict.fromkeys(__all__, "dna_mamba.scoring") | {"load_model": "dna_mamba.checkpoints"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
