"""What is explained, one after the other: a sequence, or an allele with its window."""

from enum import StrEnum
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import Codes
from dna_mamba.explain.explained import Explained

ExplainMethod = Literal["integrated-gradients", "input-x-gradient", "ism"]
METHODS: tuple[ExplainMethod, ...] = ("integrated-gradients", "input-x-gradient", "ism")
PARTS = ("flank", "ref", "alt")
"""What a base belongs to, by number: of a sequence all are flank."""


class ExplainStatus(StrEnum):
    """What is said of every sequence, explained or not."""

    OK = "OK"
    """Explained."""
    N_WINDOW = "N_WINDOW"
    """Explained, yet over a tenth of it is N or another ambiguity code."""
    EMPTY = "EMPTY"
    """It holds no base; no explanation."""


class ExplainItem(NamedTuple):
    """One thing to explain.

    Attributes:
        name: of the sequence, or ``chrom:pos:ref:alt``.
        status: why it is explained, or not.
        chrom: what its positions lie on.
        positions: 0-based, int64 (L,); of bases that an allele inserts, that of the base they replace or precede.
        parts: index into ``PARTS``, uint8 (L,).
        codes: bases, (L,); of an allele ``left + ref + alt + right``.
        score: what is explained; None where nothing can be.
        output: index of the output asked about; None is the one that the model predicts.
    """

    name: str
    status: str
    chrom: str
    positions: NDArray[np.int64]
    parts: NDArray[np.uint8]
    codes: Codes
    score: Explained | None
    output: int | None = 0

    def __len__(self) -> int:
        """Positions that have an attribution."""
        return 0 if self.score is None else len(self.codes)


class Attribution(NamedTuple):
    """What each base of an item counts.

    Attributes:
        item: what was explained.
        output: index of the output that was asked about; -1 where nothing was.
        score: of the item; NaN where there is none.
        baseline_score: of its baseline; NaN for ``ism``, which has none.
        values_L5: float32 (L, 5): the attribution of the base that is there, and what A, C, G, T would get in its
            place. All are 0 where the base is not A, C, G or T.
    """

    item: ExplainItem
    output: int
    score: float
    baseline_score: float
    values_L5: NDArray[np.float32]

    @property
    def gap(self) -> float:
        """How far the attributions are from adding up to what they explain: 0 but for the integral's error."""
        return float(self.values_L5[:, 0].sum(dtype=np.float64)) - (self.score - self.baseline_score)

    @property
    def gap_share(self) -> float:
        """The gap's size as a share of that of all attributions; 0 where there are none, NaN for ``ism``."""
        size = float(np.abs(self.values_L5[:, 0]).sum(dtype=np.float64))
        return abs(self.gap) / size if size else 0.0
