"""Answers along contigs as their writers see them, wherever they are kept."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import N_CODE, Codes
from dna_mamba.genome import Contig, Interval
from dna_mamba.io.bedgraph import Stretch
from dna_mamba.models import HeadConfig
from dna_mamba.scoring.predictions.answers import AnswerValues
from dna_mamba.scoring.predictions.units import AlongUnit


class AlongAnswers(NamedTuple):
    """What a head said along contigs, part by part.

    Attributes:
        head: what was answered.
        contigs: all of the genome, in its order.
        regions: where answers are wanted, by contig.
        units: the parts, in order.
        values: answers (bins, K) float32 of a part by its number; NaN where nothing was said.
        bases: base codes (bins x bin_bp,) of a part by its number, without soft-mask bits.
        genetic_code: NCBI's number, for genes.
    """

    head: HeadConfig
    contigs: Sequence[Contig]
    regions: Mapping[str, Sequence[Interval]]
    units: Sequence[AlongUnit]
    values: Callable[[int], AnswerValues]
    bases: Callable[[int], Codes]
    genetic_code: int

    def stretches(self, column: int) -> Iterator[Stretch]:
        """One output, a value a base; NaN at N."""
        for number, unit in enumerate(self.units):
            values = np.repeat(self.values(number)[:, column], unit.bin_bp)
            values[self.bases(number) >= N_CODE] = np.nan
            yield Stretch(unit.chrom, unit.start, values)

    def wanted(self, number: int) -> NDArray[np.bool_]:
        """Which bins of a part hold a base of a region."""
        unit = self.units[number]
        mask: NDArray[np.bool_] = np.zeros(unit.n_bins, dtype=bool)
        for region in self.regions.get(unit.chrom, ()):
            if len(region):
                first, last = region.start - unit.start, region.end - unit.start
                mask[max(first // unit.bin_bp, 0) : max(-(-last // unit.bin_bp), 0)] = True
        return mask

    def known(self, number: int) -> NDArray[np.bool_]:
        """Which bins of a part hold a base other than N, and have an answer."""
        unit = self.units[number]
        is_base = (self.bases(number) < N_CODE).reshape(unit.n_bins, unit.bin_bp).any(axis=1)
        known: NDArray[np.bool_] = is_base & ~np.isnan(self.values(number)[:, 0])
        return known
