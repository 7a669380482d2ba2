"""Tracks of a genome into files, part by part, in memory that does not grow with the genome; a run can be resumed."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.inference.batch import windows_per_pass
from dna_mamba.inference.estimate import Estimate, estimate_passes
from dna_mamba.inference.open import as_model, fingerprints
from dna_mamba.io.atomic import check_target
from dna_mamba.io.bedgraph import Stretch
from dna_mamba.io.fasta import FastaReader
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.models.precision import Precision, precision_of, recorded_precision
from dna_mamba.runs import ArrayStore, Facts, check_resumable, is_file_target, progress_directory
from dna_mamba.runs.array_store import holds, was_finishing
from dna_mamba.runs.counts import Advance, untold
from dna_mamba.runs.provenance import run_lines
from dna_mamba.runs.track_files import TrackFile, check_files, track_files, write_track
from dna_mamba.scoring.tracks.quantities import parse_track
from dna_mamba.scoring.tracks.reading import Reading, check_reading, read_tiles, tiles_over
from dna_mamba.sequences.regions import as_reference, as_regions, by_contig, whole_contigs
from dna_mamba.sequences.tiling import Tile
from dna_mamba.version import __version__

PART_BP = 1 << 20
"""Bases after which what is done is safe from a kill."""
Values = NDArray[np.float32]


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


class TracksEstimate(NamedTuple):
    """What a run will take: bases it gives values for, and its passes."""

    n_bases: int
    passes: Estimate


class TracksJob:
    """One number a base along a genome, or several, all from the same passes.

    Args:
        reference: the genome, open or by path.
        model: model, or its directory or packaged name.
        tracks: names as ``parse_track`` takes them.
        reading: in which windows the genome is read.
        regions: where values are wanted, 0-based half-open or ``chr:start-end`` (1-based, both ends included), in any
            order; default everywhere.
        device: where the model runs; default where it is, the CPU for one that is loaded.
        precision: ``float32``, ``tf32``, ``bfloat16`` or ``auto`` (see ``models.precision``); default the model's own.

    Raises:
        InputError: a track, region, model or genome that cannot be used.
        MachineError: a window needs more memory than there is.
    """

    def __init__(
        self,
        reference: FastaReader | str | Path,
        model: MaskedLanguageModel | str | Path,
        *,
        tracks: Sequence[str] = ("ref-llr",),
        reading: Reading | None = None,
        regions: Iterable[Interval | str] = (),
        device: str | torch.device | None = None,
        precision: Precision | None = None,
    ) -> None:
        self._given_model = model
        self._model = as_model(model, device, precision)
        self._reference = as_reference(reference)
        self._tracks = [parse_track(name, self._model) for name in dict.fromkeys(tracks)]
        self._reading = reading or Reading()
        self._places = as_regions(regions, self._reference)
        self._regions = by_contig(self._places or whole_contigs(self._reference))
        self._check()

    def _check(self) -> None:
        """Refuse what cannot be read."""
        lengths = (length for chrom, length in self._reference.contigs if any(map(len, self._regions.get(chrom, ()))))
        longest = max(lengths, default=0)
        if not longest:
            raise InputError("no region holds a base", remedy="check the regions, or the reference")
        check_reading(self._model, self._reading, longest)

    def files(self, output: str | Path) -> list[TrackFile]:
        """The file of each track: ``output``, or of several tracks that name with the track before its suffixes.

        Raises:
            InputError: a suffix that is not a format's, or a format that cannot hold this genome.
        """
        files = track_files(output, self._tracks)
        check_files(files, self._reference.contigs)
        return files

    @property
    def precision(self) -> str:
        """In which precision the model runs: ``float32``, ``tf32`` or ``bfloat16``."""
        return precision_of(self._model)

    @cached_property
    def provenance(self) -> dict[str, str]:
        """What names the model and the genome for good."""
        return fingerprints(self._given_model, self._reference)

    def units(self) -> Iterator[Unit]:
        """All parts, in the order of the reference."""
        for chrom, length in self._reference.contigs:
            tiles: list[Tile] = []
            for tile in tiles_over(self._regions.get(chrom, ()), length, self._reading):
                is_full = tiles and tile.keep_end - tiles[0].keep_start > PART_BP
                if tiles and (is_full or tile.keep_start != tiles[-1].keep_end):
                    yield Unit(chrom, tiles)
                    tiles = []
                tiles.append(tile)
            if tiles:
                yield Unit(chrom, tiles)

    def estimate(self) -> TracksEstimate:
        """What a run will take."""
        units = list(self.units())
        longest = max(tile.end - tile.start for unit in units for tile in unit.tiles)
        batch_size = self._reading.batch_size or windows_per_pass(self._model, longest)
        positions = sum(unit.n_read for unit in units) * self._reading.n_passes
        passes = estimate_passes(self._model, positions, longest, batch_size)
        return TracksEstimate(sum(unit.length for unit in units), passes)

    def missing_bp(self, output: str | Path, *, resume: bool) -> int:
        """Bases that a run still has to read, given what an earlier one left if that is to be resumed."""
        sizes = ((n, unit.length) for n, unit in enumerate(self.units()))
        if not resume or not is_file_target(output):
            return sum(length for _, length in sizes)
        parts = progress_directory(output)
        return sum(length for n, length in sizes if not holds(parts, n, (length, len(self._tracks))))

    def run(
        self,
        output: str | Path,
        *,
        resume: bool = False,
        force: bool = False,
        command: str | None = None,
        advance: Advance = untold,
    ) -> list[TrackFile]:
        """Write the tracks; each file appears when it is whole. Returns what went where.

        Args:
            output: .bw, .bedgraph or .bedgraph.gz; ``-``, for one track, is standard output. See ``files``.
            resume: resume a run of this job that stopped, if there is one.
            force: replace outputs, and what an earlier run left unless ``resume``.
            command: what bedGraph files name in their header, with version and fingerprints; None for none.
            advance: told the number of bases just done.

        Raises:
            InputError: an output that exists or cannot be made, or an earlier run that is another one.
            MachineError: the disk is full.
        """
        if resume:
            check_resumable(output)
        files = self.files(output)
        named = self.provenance | recorded_precision(self._model)
        header = [] if command is None else run_lines("tracks", __version__, command, named)
        if not is_file_target(output) and len(files) == 1:
            self._write(files[0], self._computed(advance), header, force=force)
            return files
        directory = progress_directory(output)
        replace = force or (resume and was_finishing(directory))
        for file in files:
            check_target(file.path, force=replace)
        with ArrayStore(directory, self._facts(), header, resume=resume, force=force) as store:
            for number, unit in enumerate(self.units()):
                if not store.has(number, self._shape(unit)):
                    store.write(number, _told(self._values(unit), advance))
            store.finish()
            for column, file in enumerate(files):
                self._write(file, self._stored(store, column), store.provenance, force=replace)
            store.discard()
        return files

    def _facts(self) -> Facts:
        places = " ".join(str(region) for region in self._places)
        return {
            **self.provenance,
            "version": __version__,
            "regions": hashlib.sha256(places.encode("utf-8", errors="surrogateescape")).hexdigest(),
            "device": self._model.device.type,
            "precision": self.precision,
            "tracks": " ".join(track.name for track in self._tracks),
            **self._reading.described(),
        }

    def _shape(self, unit: Unit) -> tuple[int, int]:
        return unit.length, len(self._tracks)

    def _values(self, unit: Unit) -> Iterator[Values]:
        """Values (n, T) of a part, piece by piece."""
        tiles = read_tiles(unit.chrom, unit.tiles, self._reference, self._model, self._tracks, self._reading)
        return (piece.values for piece in tiles)

    def _computed(self, advance: Advance) -> Iterator[Stretch]:
        for unit in self.units():
            start = unit.start
            for piece in _told(self._values(unit), advance):
                yield Stretch(unit.chrom, start, piece[:, 0])
                start += len(piece)

    def _stored(self, store: ArrayStore, column: int) -> Iterator[Stretch]:
        for number, unit in enumerate(self.units()):
            yield Stretch(unit.chrom, unit.start, store.read(number, self._shape(unit))[:, column])

    def _write(self, file: TrackFile, stretches: Iterable[Stretch], header: Sequence[str], *, force: bool) -> None:
        write_track(file, self._reference.contigs, stretches, self._regions, header, force=force)


def _told(pieces: Iterable[Values], advance: Advance) -> Iterator[Values]:
    for piece in pieces:
        yield piece
        advance(len(piece))
