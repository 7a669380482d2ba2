"""The scores of an allele: what each asks of the model, its formula, unit, sign, range and source, one file a score.

A score of another kind, such as one from a fine-tuned head, is one more ``Score`` in ``SCORES``.
"""

from collections.abc import Sequence

from dna_mamba.errors import InputError
from dna_mamba.scoring.variants.scores.base import Column, Score
from dna_mamba.scoring.variants.scores.embedding_distance import EmbeddingDistance
from dna_mamba.scoring.variants.scores.entropy import Entropy
from dna_mamba.scoring.variants.scores.influence import Influence
from dna_mamba.scoring.variants.scores.masked_llr import MaskedLlr
from dna_mamba.scoring.variants.scores.unmasked_llr import UnmaskedLlr

__all__ = ["DEFAULT_SCORES", "SCORES", "Column", "Score", "columns_of", "find_scores"]

SCORES: dict[str, Score] = {
    score.name: score for score in (MaskedLlr(), UnmaskedLlr(), EmbeddingDistance(), Influence(), Entropy())
}
"""Every score by the name that ``--scores`` takes."""
DEFAULT_SCORES = (MaskedLlr.name,)


def find_scores(names: Sequence[str]) -> tuple[Score, ...]:
    """The scores of these names, each once. Raises InputError for an unknown one, or none."""
    for name in names:
        if name not in SCORES:
            raise InputError(f"unknown score {name!r}", place="--scores", remedy=f"choose from {', '.join(SCORES)}")
    if not names:
        raise InputError("no scores", place="--scores", remedy=f"choose from {', '.join(SCORES)}")
    return tuple(SCORES[name] for name in dict.fromkeys(names))


def columns_of(scores: Sequence[Score]) -> list[Column]:
    """All columns, in order."""
    return [column for score in scores for column in score.columns]
