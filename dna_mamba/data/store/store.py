"""A store opened: contigs that read from disk what is asked of them."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import SOFT_MASK as SOFT_MASK_BIT
from dna_mamba.alphabet import Codes, decode_bases
from dna_mamba.data.genomes import span_of
from dna_mamba.data.store.files import map_array
from dna_mamba.data.store.letters import BASES_A_WORD, OTHER_CODES, OTHER_LETTERS, unpacked
from dna_mamba.data.store.manifest import Manifest, StoredGenome, read_manifest
from dna_mamba.data.store.run_table import RunTable
from dna_mamba.data.store.writer import BASES, CONTIGS, SOFT_MASK
from dna_mamba.errors import InputError

_HASHED_BYTES = 1 << 22


class _Place(NamedTuple):
    """A contig: its genome, its first base in the store, and its length in bp."""

    genome: str
    offset: int
    length: int


class _Sequence(NamedTuple):
    """What the store's files hold of all contigs: bases, eight a word, and, where there are any, what goes beside them.

    ``mask`` is the soft mask of each word, ``others`` are runs of letters that are not among ACGT.
    """

    words: NDArray[np.uint16]
    mask: Codes | None
    others: RunTable | None


class StoredContig:
    """A contig of a store: ``contig[start:end]`` unpacks base codes, uint8 (end - start,), soft-mask bits kept."""

    def __init__(self, sequence: _Sequence, offset: int, length: int) -> None:
        self._words, self._mask, self._others = sequence
        self._offset = offset
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, places: slice, /) -> Codes:
        start, end = span_of(places, self._length)
        start += self._offset
        end += self._offset
        words = slice(start // BASES_A_WORD, -(-end // BASES_A_WORD))
        mask = None if self._mask is None else self._mask[words]
        codes = unpacked(self._words[words], mask, start % BASES_A_WORD, end - start)
        if self._others is not None:
            for run in self._others.within(start, end):
                codes[run.start : run.end] &= SOFT_MASK_BIT
                codes[run.start : run.end] |= OTHER_CODES[run.letter]
        return codes

    def letters(self, start: int, end: int) -> bytes:
        """Letters ``[start, end)`` as they were in the file, case and IUPAC codes kept; 0 <= start <= end <= length."""
        codes = self[start:end]
        letters = np.frombuffer(bytearray(decode_bases(codes), "ascii"), dtype=np.uint8)
        runs = self._others.within(self._offset + start, self._offset + end) if self._others is not None else ()
        for run in runs:
            case = letters[run.start : run.end] & 0x20
            letters[run.start : run.end] = case | ord(OTHER_LETTERS[run.letter])
        return letters.tobytes()


class GenomeStore(Mapping[str, StoredContig]):
    """The contigs of a store by name, ``genome:contig``, in order. Opened again where it is unpickled.

    Memory grows with the number of contigs alone.

    Raises:
        InputError: this is not a store, or one of another version, or it was altered: its manifest, the table of its
            contigs, or the length of a file; ``verify`` reads all the rest.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.manifest: Manifest = read_manifest(self.path)
        self._places = dict(self._read_contigs())
        words = map_array(self.path / BASES, np.dtype("<u2"))
        mask = map_array(self.path / SOFT_MASK, np.dtype(np.uint8))
        others = RunTable(self.path)
        self._sequence = _Sequence(words, mask if len(mask) else None, others if others.n_runs else None)
        self._contigs: dict[str, StoredContig] = {}

    @property
    def genomes(self) -> tuple[StoredGenome, ...]:
        """What the store says of each genome."""
        return tuple(self.manifest.genomes)

    @property
    def contents_sha256(self) -> str:
        """Of sequence, names and weights; see ``verify``."""
        return self.manifest.contents_sha256

    @property
    def n_bytes(self) -> int:
        """Of all its files but the manifest."""
        return sum(file.bytes for file in self.manifest.files.values())

    def genome_of(self, chrom: str) -> str:
        """The genome's name, for a contig's."""
        return self._places[chrom].genome

    def __getitem__(self, chrom: str) -> StoredContig:
        if (contig := self._contigs.get(chrom)) is None:
            place = self._places[chrom]
            contig = self._contigs[chrom] = StoredContig(self._sequence, place.offset, place.length)
        return contig

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def verify(self, advance: Callable[[int], None] = lambda n_bytes: None) -> None:
        """Read every file and compare its SHA-256. Raises InputError for one that was altered."""
        for name, file in self.manifest.files.items():
            digest = hashlib.sha256()
            with open(self.path / name, "rb") as stream:
                while piece := stream.read(_HASHED_BYTES):
                    digest.update(piece)
                    advance(len(piece))
            self._compare(name, digest.hexdigest(), file.sha256)

    def _compare(self, name: str, found: str, wanted: str) -> None:
        if found != wanted:
            remedy = "copy the store again, or pack it again"
            raise InputError("was altered after it was written", place=self.path / name, remedy=remedy)

    def _read_contigs(self) -> Iterator[tuple[str, _Place]]:
        table = (self.path / CONTIGS).read_bytes()
        self._compare(CONTIGS, hashlib.sha256(table).hexdigest(), self.manifest.files[CONTIGS].sha256)
        offset = 0
        for row in table.decode("utf-8", errors="surrogateescape").split("\n")[:-1]:
            genome, name, length = row.split("\t")
            yield f"{genome}:{name}", _Place(genome, offset, int(length))
            offset += -(-int(length) // BASES_A_WORD) * BASES_A_WORD

    def __reduce__(self) -> tuple[type["GenomeStore"], tuple[Path]]:
        return GenomeStore, (self.path,)
