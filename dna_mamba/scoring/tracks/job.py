"""Tracks into bedGraph and bigWig files, part by part, in memory that does not grow with the genome."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.io.atomic import check_target
from dna_mamba.io.bedgraph import SUFFIXES as BEDGRAPH_SUFFIXES
from dna_mamba.io.bedgraph import Run, write_bedgraph
from dna_mamba.io.bigwig import SUFFIXES as BIGWIG_SUFFIXES
from dna_mamba.io.bigwig import check_bigwig, write_bigwig
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.paths import STDIO
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.runs.array_store import PartStore, holds, was_finishing
from dna_mamba.scoring.tracks.predict import Reading, Track, check_reading, read_tiles, tiles_over
from dna_mamba.sequences.tiling import Tile

PART_BP = 1 << 20
"""Bases after which what is done is safe from a kill."""
Regions = Mapping[str, Sequence[Interval]]
Values = NDArray[np.float32]


class Output(NamedTuple):
    """A track and the file it goes to; ``-`` is standard output."""

    track: Track
    path: str


class Unit(NamedTuple):
    """Windows of a contig that become one part; what they keep is one stretch."""

    chrom: str
    tiles: Sequence[Tile]

    @property
    def start(self) -> int:
        return self.tiles[0].keep_start

    @property
    def length(self) -> int:
        return self.tiles[-1].keep_end - self.start

    @property
    def n_read(self) -> int:
        """Positions that one pass reads, on one strand."""
        return sum(tile.end - tile.start for tile in self.tiles)


class TrackRun(NamedTuple):
    """What is to be read: a genome by a model, in which windows, in which regions (0-based, by contig)."""

    reference: FastaReader
    model: MaskedLanguageModel
    reading: Reading
    regions: Regions

    def units(self) -> Iterator[Unit]:
        """All parts, in the order of the reference."""
        for chrom, length in self.reference.contigs:
            tiles: list[Tile] = []
            for tile in tiles_over(self.regions.get(chrom, ()), length, self.reading):
                is_full = tiles and tile.keep_end - tiles[0].keep_start > PART_BP
                if tiles and (is_full or tile.keep_start != tiles[-1].keep_end):
                    yield Unit(chrom, tiles)
                    tiles = []
                tiles.append(tile)
            if tiles:
                yield Unit(chrom, tiles)

    def check(self) -> None:
        """Refuse what cannot be read; see ``tracks.check_reading``."""
        longest = max((length for chrom, length in self.reference.contigs if self.regions.get(chrom)), default=0)
        if not longest:
            raise InputError("no region holds a base", remedy="check the regions, or the reference")
        check_reading(self.model, self.reading, longest)

    def values(self, unit: Unit, tracks: Sequence[Track]) -> Iterator[Values]:
        """Values (n, T) of a part, piece by piece."""
        tiles = read_tiles(unit.chrom, unit.tiles, self.reference, self.model, tracks, self.reading)
        return (piece.values for piece in tiles)


def check_outputs(outputs: Sequence[Output], reference: FastaReader) -> None:
    """Refuse, before any work is done, outputs of unknown kinds or that cannot be made.

    Raises:
        InputError: names the output and the remedy.
    """
    paths = [output.path for output in outputs]
    for path in paths:
        name = path.lower()
        if name.endswith(BIGWIG_SUFFIXES):
            check_bigwig(path, reference.contigs)
        elif path == STDIO and len(paths) > 1:
            raise InputError(f"{len(paths)} tracks on standard output", place="--output", remedy="name a file")
        elif path != STDIO and not name.endswith(BEDGRAPH_SUFFIXES):
            raise InputError("no track suffix", place=path, remedy="end it in .bw, .bedgraph or .bedgraph.gz")


def write_tracks(
    outputs: Sequence[Output],
    run: TrackRun,
    parts: Path | None,
    *,
    plan: Mapping[str, str],
    header: Sequence[str] = (),
    resume: bool = False,
    force: bool = False,
    advance: Callable[[int], None] = lambda count: None,
) -> None:
    """Write tracks, all from the same passes.

    Args:
        outputs: what goes where, each once.
        run: what is read.
        parts: directory for what is done; None, for a single output, writes as it goes and cannot be resumed.
        plan: what decides the numbers and is not part of ``run``: model, reference, versions, by name.
        header: ``#`` lines that open every bedGraph file.
        resume: go on with the parts of an earlier run of the same plan.
        force: replace outputs, and the parts of an earlier run unless ``resume``.
        advance: told the number of bases just done.

    Raises:
        InputError: an output that exists or cannot be made, or parts of another plan.
        MachineError: the disk is full, or a window needs more memory than there is.
    """
    run.check()
    tracks = [output.track for output in outputs]
    if parts is None:
        (output,) = outputs
        _write(output, run, _computed(run, tracks, advance), header, force=force)
        return
    settings = {"tracks": " ".join(track.name for track in tracks), **run.reading.described()}
    replace = force or (resume and was_finishing(parts))
    for output in outputs:
        check_target(output.path, force=replace)
    with PartStore(parts, {**plan, **settings}, resume=resume, force=force) as store:
        for number, unit in enumerate(run.units()):
            if not store.has(number, (unit.length, len(tracks))):
                store.write(number, _told(run.values(unit, tracks), advance))
        store.finish()
        for column, output in enumerate(outputs):
            _write(output, run, _stored(run, store, len(tracks), column), header, force=replace)
        store.discard()


def missing_bp(run: TrackRun, parts: Path | None, n_tracks: int) -> int:
    """Bases that a run still has to read, given what lies in ``parts``."""
    sizes = ((n, unit.length) for n, unit in enumerate(run.units()))
    if parts is None:
        return sum(length for _, length in sizes)
    return sum(length for n, length in sizes if not holds(parts, n, (length, n_tracks)))


def _told(pieces: Iterable[Values], advance: Callable[[int], None]) -> Iterator[Values]:
    for piece in pieces:
        yield piece
        advance(len(piece))


def _computed(
    run: TrackRun, tracks: Sequence[Track], advance: Callable[[int], None]
) -> Iterator[tuple[str, int, Values]]:
    for unit in run.units():
        start = unit.start
        for piece in _told(run.values(unit, tracks), advance):
            yield unit.chrom, start, piece[:, 0]
            start += len(piece)


def _stored(run: TrackRun, store: PartStore, n_tracks: int, column: int) -> Iterator[tuple[str, int, Values]]:
    for number, unit in enumerate(run.units()):
        yield unit.chrom, unit.start, store.read(number, (unit.length, n_tracks))[:, column]


def _write(
    output: Output,
    run: TrackRun,
    stretches: Iterable[tuple[str, int, Values]],
    header: Sequence[str],
    *,
    force: bool,
) -> None:
    runs = (known for stretch in stretches for known in _known_runs(*stretch, run.regions))
    if output.path.lower().endswith(BIGWIG_SUFFIXES):
        write_bigwig(output.path, run.reference.contigs, runs, force=force)
    else:
        lines = [*header, f"#{output.track.name}: {output.track.description}"]
        write_bedgraph(output.path, runs, header=lines, force=force)


def _known_runs(chrom: str, start: int, values: Values, regions: Regions) -> Iterator[Run]:
    """Stretches of neighbouring bases that have a value and lie in a region."""
    wanted = np.zeros(len(values), dtype=bool)
    for region in regions[chrom]:
        wanted[max(region.start - start, 0) : max(region.end - start, 0)] = True
    edges = np.flatnonzero(np.diff(wanted & ~np.isnan(values), prepend=False, append=False))
    for first, last in edges.reshape(-1, 2).tolist():
        yield Run(chrom, start + first, values[first:last])
