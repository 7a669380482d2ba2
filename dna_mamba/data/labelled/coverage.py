"""Values along a genome out of bigWig files, or the depth of reads out of indexed BAM and CRAM files."""

import os
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dna_mamba.errors import InputError
from dna_mamba.extras import need
from dna_mamba.genome import MITOCHONDRIA, other_names
from dna_mamba.io.paths import check_local

_READS = (".bam", ".cram")


class Coverage(Protocol):
    """Values base by base."""

    def values(self, chrom: str, start: int, end: int) -> NDArray[np.float32]:
        """float32 (end - start,); 0 where there is no value. Raises InputError for a contig that it lacks."""
        ...


def open_coverage(path: str | Path) -> Coverage:
    """A bigWig file, or the reads of a BAM or CRAM file with an index beside it.

    Raises:
        InputError: the file cannot be read, is neither, or has no index; or pyBigWig is not installed.
    """
    if not os.path.isfile(check_local(path)):
        raise InputError("cannot be read (no such file)", place=path, remedy="check the path")
    return _ReadDepth(path) if str(path).lower().endswith(_READS) else _BigWig(path)


class _BigWig:
    def __init__(self, path: str | Path) -> None:
        library = need("pyBigWig", what=f"{path}: bigWig")
        try:
            self._file: Any = library.open(str(path))
        except RuntimeError:
            raise InputError("is not bigWig", place=path, remedy="give bigWig, BAM or CRAM") from None
        if self._file is None or not self._file.isBigWig():
            raise InputError("is not bigWig", place=path, remedy="give bigWig, BAM or CRAM")
        self._path = path
        self._lengths: dict[str, int] = self._file.chroms()

    def values(self, chrom: str, start: int, end: int) -> NDArray[np.float32]:
        name = _contig(chrom, self._lengths, self._path)
        last = min(end, self._lengths[name])
        found = np.zeros(end - start, dtype=np.float32)
        if start < last:
            found[: last - start] = np.nan_to_num(np.array(self._file.values(name, start, last), dtype=np.float32))
        return found


class _ReadDepth:
    """Aligned reads at each base: not those marked as duplicates, secondary, unmapped or failed, as samtools depth."""

    def __init__(self, path: str | Path) -> None:
        import pysam

        try:
            self._file: Any = pysam.AlignmentFile(str(path))
        except (ValueError, OSError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"cannot be read ({reason})", place=path, remedy="give BAM, CRAM or bigWig") from None
        if not self._file.has_index():
            raise InputError("has no index", place=path, remedy=f"make one: samtools index {path}")
        self._path = path
        self._lengths = dict(zip(self._file.references, self._file.lengths, strict=True))

    def values(self, chrom: str, start: int, end: int) -> NDArray[np.float32]:
        name = _contig(chrom, self._lengths, self._path)
        last = min(end, self._lengths[name])
        found = np.zeros(end - start, dtype=np.float32)
        if start < last:
            depths = self._file.count_coverage(name, start, last, quality_threshold=0)
            found[: last - start] = np.sum([np.asarray(depth) for depth in depths], axis=0)
        return found


def _contig(chrom: str, lengths: dict[str, int], path: str | Path) -> str:
    names = [chrom] if chrom in MITOCHONDRIA else [chrom, *other_names(chrom)]
    for name in names:
        if name in lengths:
            return name
    there = ", ".join(list(lengths)[:5])
    raise InputError(f"has no contig {chrom!r}", place=path, remedy=f"it has {there}: give the genome it was made for")
