"""Single positions of a genome as one number each, so that many questions can share one answer."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.genome import Contig

Sites = NDArray[np.int64]
"""Positions counted through all contigs, one after the other."""


class Chart(NamedTuple):
    """Where contigs begin when they are laid one after the other: ``starts`` int64 (n + 1,), the last one the end."""

    chroms: tuple[str, ...]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, contigs: Sequence[Contig]) -> "Chart":
        """Of contigs in their order."""
        starts = np.concatenate([[0], np.cumsum([contig.length for contig in contigs])]).astype(np.int64)
        return cls(tuple(contig.chrom for contig in contigs), starts)

    def offset(self, chrom: str) -> int:
        """The number of a contig's first base."""
        return int(self.starts[self.chroms.index(chrom)])

    def by_contig(self, sites: Sites) -> Iterable[tuple[str, NDArray[np.int64], NDArray[np.int64]]]:
        """For each contig of some sites: its name, the rows of its sites, and their 0-based positions on it."""
        which = np.searchsorted(self.starts, sites, side="right") - 1
        for contig in np.unique(which):
            (rows,) = np.nonzero(which == contig)
            yield self.chroms[contig], rows, sites[rows] - self.starts[contig]


class Answered(NamedTuple):
    """Natural log of p(A, C, G, T) on the forward strand at sorted distinct sites, by source, float32 (n, 4).

    ``bases`` uint8 (n,) are what stands there.
    """

    sites: Sites
    bases: NDArray[np.uint8]
    log_p: dict[str, NDArray[np.float32]]

    def rows(self, sites: Sites) -> NDArray[np.int64]:
        """Where these sites are; each must have been asked."""
        found = np.searchsorted(self.sites, sites)
        assert np.array_equal(self.sites[np.minimum(found, len(self.sites) - 1)], sites), "a site was not asked"
        return found

    def bits(self, source: str, sites: Sites) -> NDArray[np.float64]:
        """Surprise of a source at the bases of some sites of any shape, in bits."""
        rows = self.rows(sites)
        bits: NDArray[np.float64] = -self.log_p[source][rows, self.bases[rows]].astype(np.float64) / np.log(2)
        return bits
