"""The rows that are answered, one by one: records of FASTA, rows of tables, intervals on a genome."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from dna_mamba.alphabet import reverse_complement
from dna_mamba.data.labelled.rows import read_rows
from dna_mamba.genome import Interval, Strand
from dna_mamba.inference.sequence_source import SequenceSource
from dna_mamba.io.bed import read_bed
from dna_mamba.io.fasta import FastaReader
from dna_mamba.runs import InputFile, can_be_read_twice
from dna_mamba.scoring.predictions.status import RowStatus


class InputRow(NamedTuple):
    """A sequence to answer: its letters as they stand in the file, and where it lies if that is known.

    ``status`` is OK or EDGE_PADDED where there are letters, otherwise why there are none.
    """

    id: str
    letters: bytes
    place: Interval | None = None
    status: RowStatus = RowStatus.OK
    where: str = ""


class InputRows(Protocol):
    """Rows in order; iterating begins anew."""

    @property
    def is_repeatable(self) -> bool:
        """Whether they can be read more than once."""
        ...

    @property
    def has_places(self) -> bool:
        """Whether every row lies on a genome."""
        ...

    def __iter__(self) -> Iterator[InputRow]: ...

    def facts(self) -> dict[str, str]:
        """What must agree to resume a run over them, by name; of rows that are repeatable."""
        ...


class SequenceRows:
    """Records of a FASTA, GenBank or EMBL file, whole, or regions of it as a genome."""

    def __init__(self, source: SequenceSource) -> None:
        self._source = source

    @property
    def is_repeatable(self) -> bool:
        return self._source.is_repeatable

    @property
    def has_places(self) -> bool:
        return self._source.regions is not None

    def __iter__(self) -> Iterator[InputRow]:
        regions = self._source.regions
        if regions is None:
            return (InputRow(record.name, record.sequence) for record in self._source)
        placed = zip(self._source, regions, strict=True)
        return (InputRow(record.name, record.sequence, place) for record, place in placed)

    def facts(self) -> dict[str, str]:
        return self._source.facts()


class TableRows:
    """Rows of a table with a sequence column (TSV, CSV or Parquet with a header).

    Names are those of ``id_column``, or of a column ``id`` if there is one, as they stand; otherwise rows are counted.

    Raises:
        InputError: on iterating, the file is no table, or has no such column.
    """

    has_places = False

    def __init__(self, path: str | Path, sequence_column: str = "sequence", id_column: str | None = None) -> None:
        self._path, self._sequence, self._id = path, sequence_column, id_column

    @property
    def is_repeatable(self) -> bool:
        return can_be_read_twice(self._path)

    def __iter__(self) -> Iterator[InputRow]:
        table = read_rows(self._path, may_be_empty=True)
        cells = table.column(self._sequence, "--sequence-column")
        column = self._id or ("id" if "id" in table.columns else None)
        names = list(map(str, range(1, len(cells) + 1))) if column is None else table.column(column, "--id-column")
        for name, cell, where in zip(names, cells, table.places, strict=True):
            yield InputRow(name, cell.strip().encode("utf-8", errors="surrogateescape"), where=where)

    def facts(self) -> dict[str, str]:
        columns = f"{self._sequence}\t{self._id}"
        return {"input": InputFile.read(self._path).sha256, "columns": columns}


class IntervalRows:
    """Intervals of a BED file on a genome; those of strand - are reverse-complemented.

    What reaches past a contig's end is cut there, and its status says so.
    """

    has_places = True

    def __init__(self, path: str | Path, genome: FastaReader) -> None:
        self._path, self._genome = path, genome

    @property
    def is_repeatable(self) -> bool:
        return can_be_read_twice(self._path)

    def __iter__(self) -> Iterator[InputRow]:
        lengths = dict(self._genome.contigs)
        for place in read_bed(self._path):
            name = str(place) if place.name == "." else place.name
            length = lengths.get(place.chrom)
            if length is None:
                yield InputRow(name, b"", place, RowStatus.NO_CONTIG)
            elif place.start >= length and len(place):
                yield InputRow(name, b"", place, RowStatus.OFF_CONTIG)
            else:
                status = RowStatus.OK if place.end <= length else RowStatus.EDGE_PADDED
                yield InputRow(name, self._letters(place, length), place, status)

    def _letters(self, place: Interval, length: int) -> bytes:
        letters = self._genome.fetch(place.chrom, min(place.start, length), min(place.end, length))
        if place.strand is Strand.REVERSE:
            letters = reverse_complement(letters.decode("ascii")).encode("ascii")
        return letters

    def facts(self) -> dict[str, str]:
        return {"input": InputFile.read(self._path).sha256, "reference_sha256": self._genome.fingerprint}
