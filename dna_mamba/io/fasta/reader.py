"""FASTA: records one after the other from any stream, and random access over an index that is never taken on trust.

Accepted: plain, gzip and BGZF; LF and CRLF; lines of any and of uneven width; blank lines; blanks and tabs after the
``>`` and anywhere in sequence lines; a byte-order mark; a last line without its newline; lower case (soft-masked
repeats), which is kept. Refused: letters that are not IUPAC nucleotide codes (protein, binary, gaps), a header without
a name, and, for random access, two records of one name. Names keep every byte: what is not UTF-8 is a surrogate
(PEP 383). GenBank and EMBL are read in place of FASTA wherever a genome is, converted in memory.
"""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np

from dna_mamba.alphabet import N_CODE, Codes, LetterCounts, count_letters, encode_bases
from dna_mamba.errors import InputError
from dna_mamba.genome import Contig
from dna_mamba.io.compression import CHUNK_BYTES, open_input, open_raw, read_chunks
from dna_mamba.io.fasta.byte_sources import MemorySource
from dna_mamba.io.fasta.index import ContigEntry
from dna_mamba.io.fasta.indexed_file import IndexedFile, open_indexed, reopen_indexed
from dna_mamba.io.fasta.lines import Header, Segment, letters_of, split_records
from dna_mamba.io.genbank import flat_file_records, flat_format_of
from dna_mamba.io.paths import check_local, display_name
from dna_mamba.io.records import FastaRecord


def read_fasta(path: str | Path) -> Iterator[FastaRecord]:
    """Records of a plain, gzip or BGZF FASTA file in order, one in memory at a time; ``-`` is standard input.

    Raises:
        InputError: the file cannot be read, is truncated or damaged, is not FASTA, or holds letters that are not
            IUPAC nucleotide codes; names the file, and the record or offset.
    """
    place = display_name(path)
    with open_raw(path) as raw:
        yield from fasta_records(read_chunks(raw, place), place)


def read_sequences(path: str | Path) -> Iterator[FastaRecord]:
    """Records of a FASTA, GenBank or EMBL file in order, told apart by content; ``-`` is standard input.

    Raises:
        InputError: as ``read_fasta`` and ``dna_mamba.io.genbank.read_genbank``.
    """
    place = display_name(path)
    with open_input(path) as stream:
        flat_format = flat_format_of(stream)
        if flat_format is None:
            yield from fasta_records(iter(lambda: stream.read(CHUNK_BYTES), b""), place)
        else:
            yield from flat_file_records(stream, flat_format, place)


def fasta_records(chunks: Iterable[bytes], place: str) -> Iterator[FastaRecord]:
    """As ``read_fasta``, from unpacked bytes in pieces of any size; ``place`` names them in errors."""
    header: Header | None = None
    pieces: list[bytes] = []
    for part in split_records(chunks, place):
        if isinstance(part, Segment):
            pieces.append(letters_of(part.text))
            continue
        if header is not None:
            yield _record(header, pieces, place)
        header = part
        pieces = []
    if header is not None:
        yield _record(header, pieces, place)


def _record(header: Header, pieces: list[bytes], place: str) -> FastaRecord:
    sequence = b"".join(pieces)
    count_letters(sequence, place=f"{place}: record {header.name!r}")
    return FastaRecord(header.name, header.description, sequence)


class PaddedWindow(NamedTuple):
    """Base codes (end - start,) of a window, N where it reaches past the contig, and how much of it does, in bp."""

    codes: Codes
    n_left_pad: int
    n_right_pad: int


class FastaReader:
    """Random access to a FASTA, GenBank or EMBL file by name and 0-based half-open coordinates.

    The index comes from reading the whole file once; ``.fai`` and ``.gzi`` files beside it are never read, and
    nothing is written where the file lies. Plain and BGZF FASTA stay on disk. Plain gzip, pipes, standard input
    (``-``), GenBank and EMBL have no random access and are held in memory. Readers can be pickled; each process opens
    its own handle.

    Raises:
        InputError: the file cannot be read, is truncated or damaged, is not FASTA, GenBank or EMBL, names a record
            twice, or holds letters that are not IUPAC nucleotide codes.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = check_local(path)
        self._place = display_name(path)
        self._use(open_indexed(self.path))

    def _use(self, file: IndexedFile) -> None:
        self._file = file
        self._entries = {entry.chrom: entry for entry in file.index.entries}

    @property
    def contigs(self) -> tuple[Contig, ...]:
        """Names and lengths in order of the file."""
        return tuple(Contig(entry.chrom, entry.length) for entry in self._entries.values())

    @property
    def counts(self) -> dict[str, LetterCounts]:
        """What each contig is made of."""
        return {chrom: entry.counts for chrom, entry in self._entries.items()}

    @property
    def checksums(self) -> dict[str, str]:
        """MD5 of the upper-case letters of each contig, hexadecimal: the M5 of a SAM header (SAMv1, section 1.3.2)."""
        return {chrom: entry.md5 for chrom, entry in self._entries.items()}

    @property
    def fingerprint(self) -> str:
        """SHA-256 over name, length and M5 of every contig in order: equal for equal genomes, however packed."""
        rows = [f"{entry.chrom}\t{entry.length}\t{entry.md5}\n" for entry in self._entries.values()]
        return hashlib.sha256("".join(rows).encode("utf-8", errors="surrogateescape")).hexdigest()

    def __contains__(self, chrom: object) -> bool:
        return chrom in self._entries

    def length(self, chrom: str) -> int:
        """Length of a contig in base pairs. Raises InputError if there is no such contig."""
        return self._entry(chrom).length

    def _entry(self, chrom: str) -> ContigEntry:
        try:
            return self._entries[chrom]
        except KeyError:
            names = list(self._entries)
            shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
            raise InputError(f"no contig {chrom!r}", place=self._place, remedy=f"it has {shown}") from None

    def fetch(self, chrom: str, start: int = 0, end: int | None = None) -> bytes:
        """Letters ``[start, end)`` of a contig as in the file, case kept; ``end`` None is the contig's end.

        Raises:
            InputError: no such contig, or not 0 <= start <= end <= length; ``window`` reaches past the ends.
        """
        entry = self._entry(chrom)
        end = entry.length if end is None else end
        if not 0 <= start <= end <= entry.length:
            what = f"{chrom}:{start}-{end} (0-based) is outside the contig of {entry.length} bp"
            raise InputError(what, place=self._place)
        if start == end:
            return b""
        first, last, skip = self._file.index.locate(entry, start, end)
        letters = letters_of(self._file.source.read(first, last))[skip : skip + end - start]
        if len(letters) != end - start:
            raise InputError("changed while it was being read", place=self._place, remedy="run again on the new file")
        return letters

    def codes(self, chrom: str, start: int = 0, end: int | None = None) -> Codes:
        """As ``fetch``, as base codes (end - start,)."""
        return encode_bases(self.fetch(chrom, start, end), place=self._place)

    def window(self, chrom: str, start: int, end: int) -> PaddedWindow:
        """Codes of ``[start, end)``, which may reach past either end of the contig; there they are N.

        Raises:
            InputError: no such contig, or start > end.
        """
        length, size = self.length(chrom), end - start
        if size < 0:
            raise InputError(f"window {chrom}:{start}-{end} (0-based) ends before it starts", place=self._place)
        n_left, n_right = min(max(-start, 0), size), min(max(end - length, 0), size)
        codes = np.full(size, N_CODE, dtype=np.uint8)
        if n_left + n_right < size:
            codes[n_left : size - n_right] = self.codes(chrom, start + n_left, end - n_right)
        return PaddedWindow(codes, n_left, n_right)

    def close(self) -> None:
        self._file.source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        """The index goes along; what came through a pipe goes along whole, other files are opened again."""
        index, identity = self._file.index, self._file.identity
        held = self._file.source.read(0, index.n_bytes) if identity is None else None
        return {"path": self.path, "index": index, "identity": identity, "held": held}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.path, index, identity = state["path"], state["index"], state["identity"]
        self._place = display_name(self.path)
        if identity is None:
            self._use(IndexedFile(index, MemorySource(state["held"]), None))
        else:
            self._use(reopen_indexed(self.path, index, identity))

    def __repr__(self) -> str:
        return f"FastaReader({self.path!r}, {len(self._entries)} contigs)"
