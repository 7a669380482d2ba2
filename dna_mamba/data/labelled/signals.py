"""Windows of a genome with the mean of one or several signals in bins of bases."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import N_CODE, bases_of
from dna_mamba.data.labelled.coverage import Coverage, open_coverage
from dna_mamba.data.labelled.dataset import Labelled, content_sha256, refuse_constant, refuse_repeated
from dna_mamba.data.labelled.genome_windows import place_ids, read_places, windows_of
from dna_mamba.data.labelled.rows import read_rows
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval, Strand
from dna_mamba.io.fasta import FastaReader
from dna_mamba.sequences.regions import as_reference

_MOST_UNKNOWN = 0.5


def read_signals(
    genome: FastaReader | str | Path,
    signals: Sequence[str],
    *,
    window_bp: int,
    bin_bp: int,
    intervals: str | Path | None = None,
) -> Labelled:
    """Windows with labels float32 (n, window_bp // bin_bp, K): the mean of each signal in each bin.

    Where a bigWig has no value it counts as 0. Windows of strand ``-`` are read backwards, letters and signals alike.

    Args:
        genome: open, or FASTA, GenBank or EMBL.
        signals: bigWig, BAM (depth of reads) or CRAM files, ``name=path`` or a path whose stem is the name.
        window_bp: length of each window, a multiple of ``bin_bp``.
        bin_bp: bases of a bin.
        intervals: BED or a table of places, of which windows around the middle are taken; None tiles every contig,
            windows of which more than half is N left out.

    Raises:
        InputError: no signals or no windows; a window that reaches past its contig; a file that cannot be used; a
            signal that never varies.
    """
    if window_bp % bin_bp:
        what = f"windows of {window_bp} bp are not a multiple of bins of {bin_bp} bp"
        raise InputError(what, remedy="choose another --window or --bin")
    if not signals:
        raise InputError("no signals to learn", remedy="give bigWig, BAM or CRAM files")
    reader = as_reference(genome)
    tracks = dict(_named(text) for text in signals)
    if len(tracks) < len(signals):
        raise InputError("two signals of one name", place=", ".join(signals), remedy="name them: name=path")
    windows, places = _tiles(reader, window_bp) if intervals is None else _around(intervals, reader, window_bp)
    opened = [open_coverage(path) for path in tracks.values()]
    labels = np.stack([_binned(opened, window, bin_bp) for window in windows])
    if not np.isfinite(labels).all():
        row, _, track = np.argwhere(~np.isfinite(labels))[0]
        what = f"signal {list(tracks)[track]!r} is not finite in {windows[row]}"
        raise InputError(what, place=places[row], remedy="leave the window out, or correct the signal")
    source = ", ".join(map(str, tracks.values()))
    for at, name in enumerate(tracks):
        refuse_constant("tracks", labels[:, :, at].reshape(-1), [name], source)
    ids, sequences = place_ids(windows), windows_of(reader, windows, None)
    refuse_repeated(ids, places)
    return Labelled(
        task="tracks",
        ids=ids,
        sequences=sequences,
        labels=labels,
        names=tuple(tracks),
        source=source,
        sha256=content_sha256(ids, (row.tobytes().hex() for row in labels), sequences),
        chroms=[window.chrom for window in windows],
        places=tuple(places),
    )


def _named(text: str) -> tuple[str, str]:
    name, equals, path = text.partition("=")
    return (name, path) if equals else (Path(text).stem, text)


def _tiles(genome: FastaReader, window_bp: int) -> tuple[list[Interval], list[str]]:
    """Whole windows side by side on every contig that are known by half."""
    found = []
    for chrom, length in genome.contigs:
        for start in range(0, length - window_bp + 1, window_bp):
            bases = bases_of(genome.codes(chrom, start, start + window_bp))
            if np.count_nonzero(bases == N_CODE) <= _MOST_UNKNOWN * window_bp:
                found.append(Interval(chrom, start, start + window_bp))
    if not found:
        what = f"has no window of {window_bp:,} bp"
        raise InputError(what, place=genome.path, remedy="choose a smaller --window")
    return found, [str(window) for window in found]


def _around(path: str | Path, genome: FastaReader, window_bp: int) -> tuple[list[Interval], list[str]]:
    table = read_rows(path, bed=True)
    lengths = dict(genome.contigs)
    found = []
    for middle, place in zip(read_places(table, genome), table.places, strict=True):
        start = (middle.start + middle.end - window_bp) // 2
        if start < 0 or start + window_bp > lengths[middle.chrom]:
            what = f"a window of {window_bp:,} bp around {middle} reaches past {middle.chrom}"
            raise InputError(what, place=place, remedy="leave the row out, or choose a smaller --window")
        found.append(Interval(middle.chrom, start, start + window_bp, strand=middle.strand))
    return found, table.places


def _binned(tracks: Sequence[Coverage], window: Interval, bin_bp: int) -> NDArray[np.float32]:
    """float32 (bins, K)."""
    values = np.stack([track.values(window.chrom, window.start, window.end) for track in tracks], axis=1)
    if window.strand is Strand.REVERSE:
        values = values[::-1]
    means: NDArray[np.float32] = values.reshape(-1, bin_bp, len(tracks)).mean(1, dtype=np.float64).astype(np.float32)
    return means
