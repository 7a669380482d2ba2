"""Where contigs are read, for heads that answer along them: windows counted in bins, gathered into parts.

Contigs that two windows would cover are read whole, exactly; a window of 0 bp reads all of them so, however long, in
memory that grows with them. Of longer ones windows overlap, and of two neighbours each keeps what is nearer to its own
middle (``sequences.tiling``). Bins are counted from a contig's start; bases that are left at its end are read, and are
in no bin.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from dna_mamba.errors import InputError
from dna_mamba.genome import Contig, Interval
from dna_mamba.sequences.tiling import Tile, check_tiling, tile, tiles_touching

DEFAULT_ALONG_WINDOW_BP = 1 << 20
"""Contigs up to 1,966,080 bp are read whole: 2 GB of hidden states where a model has 128 channels."""
DEFAULT_ALONG_OVERLAP_BP = 1 << 17
PART_BP = 1 << 18
"""Bases after which what is done is safe from a kill, and of which shards are made."""


class AlongReading(NamedTuple):
    """In which windows contigs are read: their length, 0 for whole contigs, and how far neighbours overlap at least."""

    window_bp: int = DEFAULT_ALONG_WINDOW_BP
    overlap_bp: int = DEFAULT_ALONG_OVERLAP_BP

    def described(self) -> dict[str, str]:
        """Every setting by name, in words."""
        return {name: str(value) for name, value in self._asdict().items()}

    def check(self, bin_bp: int) -> None:
        """Raise InputError unless a window holds a bin and more than the overlap."""
        if 0 < self.window_bp < bin_bp:
            what = f"a window of {self.window_bp:,} bp is shorter than a bin of {bin_bp:,} bp"
            raise InputError(what, place="--window", remedy="give a longer one, or 0 for whole contigs")
        check_tiling(self.window_bp // bin_bp, self.overlap_bp // bin_bp)


class AlongUnit(NamedTuple):
    """Windows of a contig that become one part: ``tiles`` are in bins; what they keep is one stretch."""

    chrom: str
    tiles: Sequence[Tile]
    bin_bp: int

    @property
    def start(self) -> int:
        """0-based offset of the first base that is answered."""
        return self.tiles[0].keep_start * self.bin_bp

    @property
    def end(self) -> int:
        """0-based offset past the last base that is answered."""
        return self.tiles[-1].keep_end * self.bin_bp

    @property
    def n_bins(self) -> int:
        """Answers."""
        return self.tiles[-1].keep_end - self.tiles[0].keep_start

    def is_whole(self, length_bp: int) -> bool:
        """Whether it is all of a contig of that length, read at once."""
        return len(self.tiles) == 1 and self.tiles[0][:2] == (0, length_bp // self.bin_bp)

    @property
    def n_read(self) -> int:
        """Positions that are read."""
        return sum(window.end - window.start for window in self.tiles) * self.bin_bp


def how_read(units: Sequence[AlongUnit], contigs: Sequence[Contig], reading: AlongReading) -> str:
    """How many contigs are read whole, and how many in windows, for a person to read."""
    lengths = dict(contigs)
    whole = {unit.chrom: unit.is_whole(lengths[unit.chrom]) for unit in units}
    n_whole = sum(whole.values())
    n_windowed = len(whole) - n_whole
    said = [f"{n_whole:,} read whole, exactly"] if n_whole else []
    if n_windowed:
        said.append(f"{n_windowed:,} in windows of {reading.window_bp:,} bp, overlap {reading.overlap_bp:,} bp or more")
    return f"contigs: {'; '.join(said) or 'none'}"


def units_of(
    contigs: Sequence[Contig], regions: Mapping[str, Sequence[Interval]], reading: AlongReading, bin_bp: int
) -> list[AlongUnit]:
    """All parts in order of the contigs, of windows that keep something of a region."""
    return [
        AlongUnit(chrom, tiles, bin_bp)
        for chrom, length in contigs
        for tiles in _gathered(_tiles(regions.get(chrom, ()), length // bin_bp, reading, bin_bp), bin_bp)
    ]


def _tiles(regions: Sequence[Interval], n_bins: int, reading: AlongReading, bin_bp: int) -> list[Tile]:
    windows = tile(n_bins, reading.window_bp // bin_bp, reading.overlap_bp // bin_bp)
    in_bins = [Interval(r.chrom, r.start // bin_bp, -(-r.end // bin_bp)) for r in regions if len(r)]
    return tiles_touching(windows, in_bins)


def _gathered(tiles: Sequence[Tile], bin_bp: int) -> Iterator[list[Tile]]:
    """Neighbours whose kept stretches touch, as many as make a part."""
    part: list[Tile] = []
    for window in tiles:
        is_full = part and (window.keep_end - part[0].keep_start) * bin_bp > PART_BP
        if part and (is_full or window.keep_start != part[-1].keep_end):
            yield part
            part = []
        part.append(window)
    if part:
        yield part
