"""GenBank and EMBL flat files, through Biopython."""

import io
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dna_mamba.alphabet import count_letters
from dna_mamba.errors import InputError
from dna_mamba.io.compression import open_input
from dna_mamba.io.paths import display_name
from dna_mamba.io.records import FastaRecord
from dna_mamba.io.text_input import BYTE_ORDER_MARK

_MAGIC = {b"LOCUS ": "GenBank", b"ID   ": "EMBL"}
_FIRST_LINES = ("LOCUS ", "ID   ")
_VERSION = re.compile(r"\.\d+$")
_NO_ACCESSION = ("", "unknown", "XXX", "<unknown id>")
_STATED_LENGTH = re.compile(r"(\d+) bp\b", re.IGNORECASE)
_RUN_TOGETHER = "LOCUS name and length run together or a column is missing: shorten or rename the contigs"
_MEND = "mend this line, or download the file again"


def flat_format_of(stream: io.BufferedReader) -> str | None:
    """``GenBank`` or ``EMBL`` by the first bytes of an unpacked stream, which stay in it; None for anything else."""
    head = stream.peek(64).removeprefix(BYTE_ORDER_MARK).lstrip()
    return next((name for magic, name in _MAGIC.items() if head.startswith(magic)), None)


def read_genbank(path: str | Path) -> Iterator[FastaRecord]:
    """Sequences of a GenBank or EMBL flat file (plain, gzip, BGZF, ``-``), named by accession and version.

    Where the accession is missing or ``.``, as some programs write it, the name on the LOCUS or ID line stands in.
    These formats write bases in lower case without meaning repeats; letters come out upper case.

    Raises:
        InputError: the file cannot be read or parsed, is neither format, or a record has no name, no sequence or one
            of another length than it states; names file and line, or record.
    """
    place = display_name(path)
    with open_input(path) as stream:
        flat_format = flat_format_of(stream)
        if flat_format is None:
            raise InputError("is neither GenBank nor EMBL", place=place, remedy="give a .gb, .gbk or .embl file")
        yield from flat_file_records(stream, flat_format, place)


class _WatchedText:
    """Lines for Biopython; remembers where it is, for errors.

    ``n_ends`` counts the ``//`` lines, one a record: Biopython skips what it does not take for a record.
    """

    def __init__(self, stream: io.BufferedReader) -> None:
        self._text = io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape")
        self.n_ends = 0
        self.number = 0
        self.line = ""
        self.first_number = 0
        self.first_line = ""

    def readline(self) -> str:
        self.line = self._text.readline()
        self.number += 1
        self.n_ends += self.line.rstrip() == "//"
        if self.line.startswith(_FIRST_LINES):
            self.first_number = self.number
            self.first_line = self.line
        return self.line

    def __iter__(self) -> Iterator[str]:
        return iter(self.readline, "")


def flat_file_records(stream: io.BufferedReader, flat_format: str, place: str) -> Iterator[FastaRecord]:
    """As ``read_genbank``, from an unpacked stream of this ``flat_format``; ``place`` names it in errors."""
    for record, text in _records(stream, flat_format, place, do_features=False):
        yield _to_fasta_record(record, text, place)


def flat_file_features(stream: io.BufferedReader, flat_format: str, place: str) -> Iterator[tuple[str, int, Any]]:
    """Name, length in bp and Biopython's record with its features, of each record; the sequence may be missing.

    Raises:
        InputError: as ``read_genbank``, but for the sequence.
    """
    for record, text in _records(stream, flat_format, place, do_features=True):
        stated = _STATED_LENGTH.search(text.first_line)
        yield _name_of(record, f"{place}:{text.first_number}"), int(stated[1]) if stated else len(record), record


def _records(
    stream: io.BufferedReader, flat_format: str, place: str, *, do_features: bool
) -> Iterator[tuple[Any, _WatchedText]]:
    from Bio.GenBank.Scanner import EmblScanner, GenBankScanner

    scanner_class: Any = GenBankScanner if flat_format == "GenBank" else EmblScanner
    text = _WatchedText(stream)
    records = scanner_class().parse_records(text, do_features=do_features)
    n_records = 0
    while (record := _next_record(records, text, flat_format, place)) is not None:
        n_records += 1
        yield record, text
    if n_records != max(text.n_ends, 1):
        what = f"{n_records} of {text.n_ends} {flat_format} records can be read"
        raise InputError(what, place=place, remedy="look for damaged LOCUS or ID lines, or download it again")


def _next_record(records: Iterator[Any], text: _WatchedText, flat_format: str, place: str) -> Any:
    from Bio import BiopythonParserWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BiopythonParserWarning)
        # Biopython only warns where a file was cut short; here that is an error.
        warnings.filterwarnings("error", "Premature end of file", BiopythonParserWarning)
        try:
            return next(records, None)
        except (ValueError, AssertionError, LookupError, BiopythonParserWarning) as error:
            raise _refusal(error, text, flat_format, place) from None


def _refusal(error: Exception, text: _WatchedText, flat_format: str, place: str) -> InputError:
    where = f"{place}:{text.number}"
    if not text.line:
        what = f"{flat_format} ends within the record of line {text.first_number}"
        return InputError(what, place=where, remedy="copy or download the file again")
    reason = str(error).strip().partition("\n")[0].rstrip(":")[:100] or type(error).__name__
    what = f"{text.line.rstrip()[:100]!r} cannot be read as {flat_format} ({reason})"
    return InputError(what, place=where, remedy=_RUN_TOGETHER if text.line.startswith("LOCUS") else _MEND)


def _to_fasta_record(record: Any, text: _WatchedText, place: str) -> FastaRecord:
    from Bio.Seq import UndefinedSequenceError

    first_line_at = f"{place}:{text.first_number}"
    name = _name_of(record, first_line_at)
    where = f"{place}: record {name!r}"
    try:
        sequence = bytes(record.seq).upper()
    except UndefinedSequenceError:
        remedy = "download it with its sequence (GenBank (full))"
        raise InputError("has no sequence, only features or a CONTIG line", place=where, remedy=remedy) from None
    count_letters(sequence, place=where)
    stated = _STATED_LENGTH.search(text.first_line)
    if stated and int(stated[1]) != len(sequence):
        what = f"record {name!r} states {stated[1]} bp and has {len(sequence)}"
        raise InputError(what, place=first_line_at, remedy="copy or download the file again")
    return FastaRecord(name, record.description, sequence)


def _name_of(record: Any, place: str) -> str:
    accession = _VERSION.sub("", record.id).strip(".")
    name: str = record.id if accession not in _NO_ACCESSION else record.name
    if not name.strip("."):
        raise InputError("record without an accession or a name", place=place, remedy="write one on this line")
    return name
