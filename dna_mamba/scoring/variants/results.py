"""Scores in Python: an iterator that knows which model and genome they are of, and a data frame."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dna_mamba.extras import need
from dna_mamba.inference.open import fingerprint
from dna_mamba.io.fasta import FastaReader
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.scoring.variants.scores import SCORES, columns_of
from dna_mamba.scoring.variants.status import VariantScore

if TYPE_CHECKING:
    import pandas


class ScoredVariants(Iterator[VariantScore]):
    """Results one by one, as they are computed.

    Args:
        scores: the results.
        model: the model, or where it was loaded from.
        reference: the genome.
    """

    def __init__(
        self, scores: Iterator[VariantScore], model: MaskedLanguageModel | str | Path, reference: FastaReader
    ) -> None:
        self._scores, self._model, self._reference = scores, model, reference

    def __next__(self) -> VariantScore:
        return next(self._scores)

    @cached_property
    def weights_sha256(self) -> str:
        """Hex SHA-256 of the weight file; of a model in memory, that of the file that saving it would write."""
        return fingerprint(self._model)

    @property
    def reference_sha256(self) -> str:
        """``FastaReader.fingerprint`` of the genome."""
        return self._reference.fingerprint


def to_frame(results: Iterable[VariantScore]) -> "pandas.DataFrame":
    """A pandas DataFrame with a row for each allele, in order.

    Columns: ``chrom``, ``pos`` (1-based, int64), ``ref``, ``alt``, ``status``, and a float32 column for each number
    that any allele has, NaN where one has none. What ``score_variants`` returned leaves ``weights_sha256`` and
    ``reference_sha256`` in ``DataFrame.attrs``.

    Raises:
        InputError: pandas is not installed.
    """
    pd = need("pandas", what="a data frame")
    rows = list(results)
    columns: dict[str, Any] = {
        "chrom": [row.variant.chrom for row in rows],
        "pos": np.array([row.variant.pos for row in rows], dtype=np.int64),
        "ref": [row.variant.ref for row in rows],
        "alt": [row.variant.alt for row in rows],
        "status": [str(row.status) for row in rows],
    }
    found = dict.fromkeys(name for row in rows for name in row.values)
    known = [column.name for column in columns_of(tuple(SCORES.values()))]
    for name in [*(name for name in known if name in found), *(name for name in found if name not in known)]:
        columns[name] = np.array([row.values.get(name, np.nan) for row in rows], dtype=np.float32)
    frame: pandas.DataFrame = pd.DataFrame(columns)
    if isinstance(results, ScoredVariants):
        frame.attrs.update(weights_sha256=results.weights_sha256, reference_sha256=results.reference_sha256)
    return frame
