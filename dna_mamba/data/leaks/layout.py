"""Many places in one array: joined for the processor, apart in the coordinates that matches are found in."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import N_CODE, Codes
from dna_mamba.data.genomes import Genome
from dna_mamba.data.sketches import Kmers, kmers_of
from dna_mamba.genome import Interval

APART_BP = 4096
"""Between two places in joint coordinates: more than any gap of a match."""
_SEPARATOR = np.full(1, N_CODE, dtype=np.uint8)


class JointPlaces(NamedTuple):
    """Some places, in order, and where each begins in joint coordinates."""

    places: Sequence[Interval]
    starts: NDArray[np.int64]
    """Joint coordinate of the first base of each, int64 (n,)."""

    @classmethod
    def of(cls, places: Sequence[Interval]) -> "JointPlaces":
        """Places one after the other, ``APART_BP`` apart."""
        lengths = np.array([len(place) + APART_BP for place in places], dtype=np.int64)
        return cls(places, np.cumsum(lengths) - lengths)

    @property
    def extent(self) -> int:
        """Joint coordinates there are."""
        return int(self.starts[-1]) + len(self.places[-1]) + 1 if self.places else 0

    def joint(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        """Joint coordinates of offsets into ``codes``, int64 (n,) both."""
        spread = np.arange(len(self.places)) * (APART_BP - 1)
        return at + spread[np.searchsorted(self.starts - spread, at, side="right") - 1]

    def interval(self, start: int, end: int) -> Interval:
        """The place of joint coordinates that begin in one, cut at its end."""
        index = int(np.searchsorted(self.starts, start, side="right")) - 1
        place, offset = self.places[index], int(self.starts[index])
        return Interval(place.chrom, place.start + start - offset, min(place.end, place.start + end - offset))

    def codes(self, genome: Genome) -> Codes:
        """Base codes of all places, an N between each two, uint8 (L,)."""
        pieces: list[Codes] = []
        for place in self.places:
            pieces += [genome[place.chrom][place.start : place.end], _SEPARATOR]
        return np.concatenate(pieces) if pieces else _SEPARATOR[:0]

    def kmers(self, genome: Genome, k: int, scaled: int) -> Kmers:
        """The kept k-mers of all places, at joint coordinates."""
        found = kmers_of(self.codes(genome), k, scaled)
        return found._replace(positions=self.joint(found.positions))


def layouts(places: Iterable[Interval], most_bp: int, overlap_bp: int = 0) -> Iterator[JointPlaces]:
    """Places in groups of about ``most_bp``; longer ones are cut, and their pieces reach ``overlap_bp`` further."""
    group: list[Interval] = []
    size = 0
    for place in places:
        for start in range(place.start, place.end, most_bp):
            piece = Interval(place.chrom, start, min(place.end, start + most_bp + overlap_bp))
            if group and size + len(piece) > most_bp + overlap_bp:
                yield JointPlaces.of(group)
                group, size = [], 0
            group.append(piece)
            size += len(piece)
    if group:
        yield JointPlaces.of(group)
