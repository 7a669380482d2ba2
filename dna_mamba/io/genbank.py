"""GenBank and EMBL through Biopython, and one reader for every format that holds sequences."""

import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dna_mamba.alphabet import count_letters
from dna_mamba.errors import InputError
from dna_mamba.io.compression import CHUNK_BYTES, open_input
from dna_mamba.io.fasta import FastaRecord, fasta_records
from dna_mamba.io.paths import display_name

_MAGIC = {b"LOCUS ": "GenBank", b"ID   ": "EMBL"}


def _format_of(stream: io.BufferedReader) -> str | None:
    head = stream.peek(64).lstrip()
    return next((name for magic, name in _MAGIC.items() if head.startswith(magic)), None)


def read_genbank(path: str | Path) -> Iterator[FastaRecord]:
    """Sequences of a GenBank or EMBL flat file (plain, gzip, BGZF, ``-``), named by accession and version.

    These formats write bases in lower case without meaning repeats; letters come out upper case.

    Raises:
        InputError: the file cannot be read or parsed, is neither format, or a record has no sequence or one of
            another length than it states.
    """
    place = display_name(path)
    with open_input(path) as stream:
        flat_format = _format_of(stream)
        if flat_format is None:
            raise InputError("is neither GenBank nor EMBL", place=place, remedy="give a .gb, .gbk or .embl file")
        yield from _read_flat_file(stream, flat_format, place)


class _CountingText:
    """Lines for Biopython, with a count of the ``//`` lines, one a record: it skips what it takes for no record."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._text = io.TextIOWrapper(stream, "utf-8", errors="replace")
        self.n_ends = 0

    def readline(self) -> str:
        line = self._text.readline()
        self.n_ends += line.rstrip() == "//"
        return line

    def __iter__(self) -> Iterator[str]:
        return iter(self.readline, "")


def _read_flat_file(stream: io.BufferedReader, flat_format: str, place: str) -> Iterator[FastaRecord]:
    from Bio.GenBank.Scanner import EmblScanner, GenBankScanner

    scanner_class: Any = GenBankScanner if flat_format == "GenBank" else EmblScanner
    text = _CountingText(stream)
    records = scanner_class().parse_records(text, do_features=False)
    n_records = 0
    while (record := _next_record(records, n_records, flat_format, place)) is not None:
        n_records += 1
        yield _to_fasta_record(record, place)
    if n_records != max(text.n_ends, 1):
        what = f"{n_records} of {text.n_ends} {flat_format} records can be read"
        raise InputError(what, place=place, remedy="look for damaged LOCUS or ID lines, or download it again")


def _next_record(records: Iterator[Any], n_read: int, flat_format: str, place: str) -> Any:
    from Bio import BiopythonParserWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BiopythonParserWarning)
        # Biopython only warns where a record was cut short; here that is an error.
        warnings.filterwarnings("error", "Expected sequence length", BiopythonParserWarning)
        try:
            return next(records, None)
        except (ValueError, AssertionError, LookupError, BiopythonParserWarning) as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            what = f"cannot be read as {flat_format} behind record {n_read} ({reason[:200]})"
            raise InputError(what, place=place, remedy="download it again") from None


def _to_fasta_record(record: Any, place: str) -> FastaRecord:
    from Bio.Seq import UndefinedSequenceError

    where = f"{place}: record {record.id!r}"
    try:
        sequence = bytes(record.seq).upper()
    except UndefinedSequenceError:
        remedy = "download it with its sequence (GenBank (full))"
        raise InputError("has no sequence, only features or a CONTIG line", place=where, remedy=remedy) from None
    count_letters(sequence, place=where)
    return FastaRecord(record.id, record.description, sequence)


def read_sequences(path: str | Path) -> Iterator[FastaRecord]:
    """Records of a FASTA, GenBank or EMBL file in order, told apart by content; ``-`` is standard input.

    Raises:
        InputError: as ``read_fasta`` and ``read_genbank``.
    """
    place = display_name(path)
    with open_input(path) as stream:
        flat_format = _format_of(stream)
        if flat_format is None:
            yield from fasta_records(iter(lambda: stream.read(CHUNK_BYTES), b""), place)
        else:
            yield from _read_flat_file(stream, flat_format, place)
