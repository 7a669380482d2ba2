"""Tracks into bedGraph and bigWig files."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from dna_mamba.errors import InputError
from dna_mamba.genome import Contig, Interval
from dna_mamba.io.bedgraph import SUFFIXES as BEDGRAPH_SUFFIXES
from dna_mamba.io.bedgraph import Stretch, write_bedgraph
from dna_mamba.io.bigwig import SUFFIXES as BIGWIG_SUFFIXES
from dna_mamba.io.bigwig import check_bigwig, write_bigwig
from dna_mamba.io.paths import STDIO

_SUFFIXES = (".gz", ".bedgraph", ".bg", ".bw", ".bigwig")
RegionsByContig = Mapping[str, Sequence[Interval]]


class NamedTrack(Protocol):
    """One number a base: what it is called, also in names of files, and what it says."""

    @property
    def name(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def description(self) -> str: ...


class TrackFile(NamedTuple):
    """A track and the file it goes to; ``-`` is standard output."""

    track: NamedTrack
    path: str


def track_files(path: str | Path, tracks: Sequence[NamedTrack]) -> list[TrackFile]:
    """A file for each track: the one named, or that name with the track before its suffixes."""
    name = str(path)
    if len(tracks) == 1 or name == STDIO:
        return [TrackFile(track, name) for track in tracks]
    stem, suffix = name, ""
    while Path(stem).suffix.lower() in _SUFFIXES:
        suffix = Path(stem).suffix + suffix
        stem = stem.removesuffix(Path(stem).suffix)
    return [TrackFile(track, f"{stem}.{track.label}{suffix}") for track in tracks]


def check_files(files: Sequence[TrackFile], contigs: Sequence[Contig]) -> None:
    """Refuse, before any work is done, outputs of unknown kinds or that cannot be made.

    Raises:
        InputError: names the output and the remedy.
    """
    for _, path in files:
        name = path.lower()
        if name.endswith(BIGWIG_SUFFIXES):
            check_bigwig(path, contigs)
        elif path == STDIO and len(files) > 1:
            raise InputError(f"{len(files)} tracks on standard output", place="--output", remedy="name a file")
        elif path != STDIO and not name.endswith(BEDGRAPH_SUFFIXES):
            raise InputError("no track suffix", place=path, remedy="end it in .bw, .bedgraph or .bedgraph.gz")


def write_track(
    file: TrackFile,
    contigs: Sequence[Contig],
    stretches: Iterable[Stretch],
    regions: RegionsByContig,
    header: Sequence[str],
    *,
    force: bool,
) -> None:
    """Write a track, of bases that have a value and lie in a region.

    Args:
        file: what goes where.
        contigs: the genome's, in its order.
        stretches: values in the order of ``contigs`` and by position, NaN where there is none.
        regions: where values are written, by contig.
        header: ``#`` lines that open a bedGraph file.
        force: replace an existing file.

    Raises:
        InputError: the file exists and not ``force``, or cannot be made.
        MachineError: the disk is full.
    """
    known = (piece for stretch in stretches for piece in _known(stretch, regions[stretch.chrom]))
    if file.path.lower().endswith(BIGWIG_SUFFIXES):
        write_bigwig(file.path, contigs, known, force=force)
    else:
        lines = [*header, f"#{file.track.name}: {file.track.description}"]
        write_bedgraph(file.path, known, header=lines, force=force)


def _known(stretch: Stretch, regions: Sequence[Interval]) -> Iterator[Stretch]:
    """Parts of neighbouring bases that have a value and lie in a region."""
    chrom, start, values = stretch
    wanted: NDArray[np.bool_] = np.zeros(len(values), dtype=bool)
    for region in regions:
        wanted[max(region.start - start, 0) : max(region.end - start, 0)] = True
    edges = np.flatnonzero(np.diff(wanted & ~np.isnan(values), prepend=False, append=False))
    for first, last in edges.reshape(-1, 2).tolist():
        yield Stretch(chrom, start + first, values[first:last])
