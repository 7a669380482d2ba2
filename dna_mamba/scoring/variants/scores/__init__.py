"""The scores of an allele: what each asks of the model, its formula, unit, sign, range and source, one file a score.

Those in ``SCORES`` need the language model alone; ``head:PATH`` is a model of its own.
"""

from collections.abc import Sequence

import torch

from dna_mamba.errors import InputError
from dna_mamba.models.precision import Precision
from dna_mamba.scoring.variants.scores.base import Column, Score
from dna_mamba.scoring.variants.scores.embedding_distance import EmbeddingDistance
from dna_mamba.scoring.variants.scores.entropy import Entropy
from dna_mamba.scoring.variants.scores.head import HeadScore, parse_head
from dna_mamba.scoring.variants.scores.influence import Influence
from dna_mamba.scoring.variants.scores.masked_llr import MaskedLlr
from dna_mamba.scoring.variants.scores.unmasked_llr import UnmaskedLlr

__all__ = ["DEFAULT_SCORES", "SCORES", "Column", "HeadScore", "Score", "check_names", "columns_of", "find_scores"]

SCORES: dict[str, Score] = {
    score.name: score for score in (MaskedLlr(), UnmaskedLlr(), EmbeddingDistance(), Influence(), Entropy())
}
"""Every score by the name that ``--scores`` takes."""
DEFAULT_SCORES = (MaskedLlr.name,)


def check_names(names: Sequence[str]) -> None:
    """Raise InputError for an unknown score, or none; no head is loaded."""
    remedy = f"choose from {', '.join(SCORES)}, head:PATH"
    for name in names:
        if name not in SCORES and parse_head(name) is None:
            raise InputError(f"unknown score {name!r}", place="--scores", remedy=remedy)
    if not names:
        raise InputError("no scores", place="--scores", remedy=remedy)


def find_scores(
    names: Sequence[str | Score],
    device: str | torch.device | None = None,
    precision: Precision | None = None,
) -> tuple[Score, ...]:
    """The scores of these names, each once; heads are loaded, to run on ``device`` in ``precision``.

    Raises:
        InputError: an unknown score, none, a head that cannot be used, or two whose columns have one name.
    """
    if names:
        check_names([name for name in names if isinstance(name, str)] or list(DEFAULT_SCORES))
    else:
        check_names([])
    scores: list[Score] = []
    for name in dict.fromkeys(names):
        if not isinstance(name, str):
            scores.append(name)
        elif (head := parse_head(name)) is not None:
            scores.append(HeadScore(head.path, head.label, device=device, precision=precision))
        else:
            scores.append(SCORES[name])
    _refuse_equal_columns(scores)
    return tuple(scores)


def _refuse_equal_columns(scores: Sequence[Score]) -> None:
    keys = [column.key for column in columns_of(scores)]
    for key in keys:
        if keys.count(key) > 1:
            remedy = "tell the heads apart: head:LABEL=PATH"
            raise InputError(f"two scores would be called {key}", place="--scores", remedy=remedy)


def columns_of(scores: Sequence[Score]) -> list[Column]:
    """All columns, in order."""
    return [column for score in scores for column in score.columns]
