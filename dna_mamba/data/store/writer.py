"""Letters in, a store out: one pass, a few megabytes at a time, whatever the genomes' size and number of contigs."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from dna_mamba.alphabet import count_letters
from dna_mamba.data.store.files import HashedFile
from dna_mamba.data.store.letters import (
    BASES_A_WORD,
    OTHER_LETTERS,
    REFUSED,
    LetterRuns,
    gc_of,
    marked,
    n_lower,
    packed,
    packed_mask,
    runs_of_others,
)
from dna_mamba.data.store.manifest import StoredFile
from dna_mamba.data.store.run_table import RunWriter
from dna_mamba.errors import InputError
from dna_mamba.io.fasta.lines import letters_of

BASES, CONTIGS, SOFT_MASK = "bases.bin", "contigs.tsv", "soft_mask.bin"
_BATCH_BP = 1 << 22
"""So many bases are packed together: long contigs are cut, short ones joined."""


class Composition(NamedTuple):
    """What a genome is made of, in bp; as ``StoredGenome``."""

    contigs: int
    bp: int
    gc_bp: int
    unknown_bp: int
    ambiguous_bp: int
    uracil_bp: int
    soft_masked_bp: int


class StoreWriter:
    """The files of a store but for its manifest, in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self._bases = HashedFile(directory / BASES)
        self._contigs = HashedFile(directory / CONTIGS)
        self._mask = HashedFile(directory / SOFT_MASK)
        self._any_mask = False
        self._runs = RunWriter(directory)
        self._offset = 0
        """Of the next base to be packed, in the store."""
        self._pending: list[bytes] = []
        self._n_pending = 0

    def begin_genome(self, genome: str, place: str) -> None:
        """What follows is of this genome; ``place`` names its file in errors."""
        self._genome, self._place = genome, place
        self._names: set[str] = set()
        self._contig: str | None = None
        self._counts = dict.fromkeys(Composition._fields, 0)

    def begin_contig(self, name: str) -> None:
        """What follows is of this contig. Raises InputError where the genome has one of that name."""
        self._end_contig()
        if name in self._names:
            raise InputError(f"two contigs are named {name!r}", place=self._place, remedy="rename one of them")
        if any(c in name for c in "\t\n"):
            raise InputError(f"{name!r} cannot be a contig's name", place=self._place, remedy="rename it")
        self._names.add(name)
        self._contig, self._length = name, 0

    def add(self, text: bytes) -> int:
        """Letters of the contig, line ends and blanks left out; returns how many.

        Raises:
            InputError: one of them is not an IUPAC nucleotide code; names it, its record and offset.
        """
        marks = marked(text)
        if REFUSED in marks:
            where = f"{self._place}: record {self._contig!r}"
            count_letters(letters_of(text), place=where, offset=self._length)
        self._length += len(marks)
        self._append(marks)
        return len(marks)

    def end_genome(self) -> Composition:
        """Pack what is left of the genome; says what it was made of. Raises InputError if it has no contig."""
        self._end_contig()
        self._pack(0)
        if not self._names:
            raise InputError("holds no sequence", place=self._place, remedy="give a file with at least one contig")
        return Composition(**self._counts)

    def finish(self) -> dict[str, StoredFile]:
        """Close the files; their lengths and sums by name."""
        if not self._any_mask:
            self._mask.clear()
        self._runs.finish(self._offset)
        self.close()
        return {file.path.name: StoredFile(bytes=file.n_bytes, sha256=file.sha256) for file in self._files}

    def close(self) -> None:
        """Close the files, finished or not."""
        for file in self._files:
            file.close()

    @property
    def _files(self) -> tuple[HashedFile, ...]:
        return (self._bases, self._contigs, self._mask, *self._runs.files)

    def _end_contig(self) -> None:
        if self._contig is None:
            return
        row = f"{self._genome}\t{self._contig}\t{self._length}\n"
        self._contigs.write(row.encode("utf-8", errors="surrogateescape"))
        self._counts["contigs"] += 1
        self._counts["bp"] += self._length
        self._append(bytes(-self._length % BASES_A_WORD))
        self._contig = None

    def _append(self, marks: bytes) -> None:
        self._pending.append(marks)
        self._n_pending += len(marks)
        if self._n_pending >= _BATCH_BP:
            self._pack(self._n_pending % BASES_A_WORD)

    def _pack(self, n_left: int) -> None:
        """Pack what is pending but for its last ``n_left`` bases."""
        joined = b"".join(self._pending)
        n_packed = len(joined) - n_left
        self._pending, self._n_pending = [joined[n_packed:]], n_left
        if not n_packed:
            return
        marks = np.frombuffer(joined, dtype=np.uint8, count=n_packed)
        bases = packed(marks)
        self._bases.write(bases)
        self._counts["gc_bp"] += gc_of(bases)
        self._mask.write(packed_mask(marks))
        n_masked = n_lower(marks)
        self._counts["soft_masked_bp"] += n_masked
        self._any_mask |= n_masked > 0
        runs = runs_of_others(marks)
        self._count_others(runs)
        self._runs.add(runs, self._offset)
        self._offset += n_packed

    def _count_others(self, runs: LetterRuns) -> None:
        lengths = np.bincount(runs.letters, weights=runs.ends - runs.starts, minlength=len(OTHER_LETTERS))
        of_letter = dict(zip(OTHER_LETTERS, lengths.astype(int).tolist(), strict=True))
        self._counts["unknown_bp"] += of_letter.pop("N")
        self._counts["uracil_bp"] += of_letter.pop("U")
        self._counts["ambiguous_bp"] += sum(of_letter.values())
