"""VCF and BCF, read and written as lines of text, so that what is not changed stays as it was to the byte.
Only a byte-order mark at the start is dropped.

VCF 4.1 to 4.5: hts-specs, VCFv4.3, section 1. Positions stay 1-based as in the file; POS 0 (telomere) is valid.
BCF goes through pysam and becomes the text that htslib writes for it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from dna_mamba.errors import InputError
from dna_mamba.io.compression import open_input
from dna_mamba.io.paths import display_name
from dna_mamba.io.text_input import bare_carriage_return, begin_text
from dna_mamba.io.vcf.binary import BCF_MAGIC, bcf_lines

N_FIXED_COLUMNS = 8
_FIXED_COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
_INFO = 7
_MAX_LINE_BYTES = 1 << 30
_MAX_POS = 1 << 62
_DEFINITION = re.compile(r'##(INFO|FORMAT|FILTER|ALT|contig)=<(?:(?:[^",]|"[^"]*")*,)*?ID=([^,>]+)')
_CONTIG_LENGTH = re.compile(r"[<,]length=(\d+)")


@dataclass(frozen=True, slots=True)
class VcfRecord:
    """One record: ``line`` verbatim without its line feed (a carriage return stays), and the columns scoring needs.

    ``pos`` is 1-based. ``alts`` is empty for ``.``; symbolic alleles, ``*`` and breakends are kept as they are.
    """

    line: str
    line_number: int
    chrom: str
    pos: int
    id: str
    ref: str
    alts: tuple[str, ...]
    info: str

    def with_info(self, extra: str) -> str:
        """The line with ``extra`` (``KEY=VALUE;FLAG``) in its INFO: earlier values of these keys are replaced.

        An empty ``extra`` changes nothing; ``.`` gives way; every other column and entry stays to the byte.
        """
        if not extra:
            return self.line
        columns = self.line.split("\t", N_FIXED_COLUMNS)
        carriage_return = "\r" if columns[_INFO].endswith("\r") else ""
        columns[_INFO] = merge_info(self.info, extra) + carriage_return
        return "\t".join(columns)


def merge_info(info: str, extra: str) -> str:
    """INFO with the entries of ``extra`` after those of other keys."""
    keys = {entry.split("=", 1)[0] for entry in extra.split(";")}
    kept = [entry for entry in info.split(";") if entry not in ("", ".") and entry.split("=", 1)[0] not in keys]
    return ";".join([*kept, extra])


def parse_record(line: str, line_number: int, place: str, n_columns: int | None = None) -> VcfRecord:
    """One record line without its line feed.

    Raises:
        InputError: columns missing (or not ``n_columns``), an empty CHROM, REF or ALT, or a POS that is not a number.
    """
    columns = line.removesuffix("\r").split("\t", N_FIXED_COLUMNS)
    if len(columns) < N_FIXED_COLUMNS or (n_columns is not None and line.count("\t") + 1 != n_columns):
        wanted = f"the {n_columns} of the #CHROM line" if n_columns else f"at least {N_FIXED_COLUMNS}"
        raise InputError(
            f"{line.count(chr(9)) + 1} tab-separated columns, not {wanted}",
            place=f"{place}:{line_number}",
            remedy="the line is cut short or not tab-separated",
        )
    chrom, pos, name, ref, alt, _, _, info = columns[:N_FIXED_COLUMNS]
    if not (chrom and ref and alt):
        empty = "CHROM" if not chrom else "REF" if not ref else "ALT"
        raise InputError(f"empty {empty}", place=f"{place}:{line_number}", remedy="write '.' for a missing value")
    alts = () if alt == "." else tuple(alt.split(","))
    return VcfRecord(line, line_number, chrom, _parse_pos(pos, line_number, place), name, ref, alts, info)


def _parse_pos(text: str, line_number: int, place: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 20 or int(text) > _MAX_POS:
        raise InputError(f"POS {text[:40]!r} is not a position", place=f"{place}:{line_number}", remedy="a number >= 0")
    return int(text)


class VcfReader:
    """Records of a VCF (plain, gzip, BGZF) or BCF file in order, once; ``-`` is standard input.

    ``header_lines`` holds every header line without its line feed, the ``#CHROM`` line last. The file may be
    unsorted, have no records, lack its last line feed or use CRLF. ``is_bcf`` tells a BCF from text.

    Raises:
        InputError: the file cannot be read, is truncated or damaged, has no VCF header, or holds a malformed line;
            names file and line.
    """

    def __init__(self, path: str | Path) -> None:
        self._place = display_name(path)
        self.is_bcf = False
        self._stack = ExitStack()
        try:
            self._lines = enumerate(self._open(path), start=1)
            self.header_lines = self._read_header()
        except BaseException:
            self._stack.close()
            raise
        self._n_columns = self.header_lines[-1].count("\t") + 1

    def _open(self, path: str | Path) -> Iterator[str]:
        stream = self._stack.enter_context(open_input(path))
        if stream.peek(len(BCF_MAGIC)).startswith(BCF_MAGIC):
            self.is_bcf = True
            lines = bcf_lines(path, stream)
            self._stack.callback(lines.close)
            return lines
        begin_text(stream, self._place)
        return _text_lines(stream, self._place)

    def _read_header(self) -> list[str]:
        header: list[str] = []
        for number, line in self._lines:
            if line.startswith("#") and "\r" in line.rstrip("\r"):
                raise bare_carriage_return(f"{self._place}:{number}")
            header.append(line)
            if line.startswith("##"):
                continue
            if line.removesuffix("\r").startswith(_FIXED_COLUMNS):
                return header
            place = f"{self._place}:{number}"
            if line.startswith("#CHROM"):
                raise InputError("the #CHROM line lacks columns", place=place, remedy="separate its columns by tabs")
            raise InputError("no VCF header", place=place, remedy="give a VCF or BCF file with its header")
        what = "no #CHROM line after the header" if header else "is empty"
        raise InputError(what, place=self._place, remedy="the file is not VCF or is cut short")

    @property
    def samples(self) -> list[str]:
        """Sample names in order of their columns."""
        return self.header_lines[-1].removesuffix("\r").split("\t")[N_FIXED_COLUMNS + 1 :]

    @property
    def contigs(self) -> dict[str, int | None]:
        """Names and lengths of the ``##contig`` lines, None where no length is given."""
        return header_contigs(self.header_lines)

    def __iter__(self) -> Iterator[VcfRecord]:
        first_blank = 0
        for number, line in self._lines:
            if not line.strip():
                first_blank = first_blank or number
                continue
            if first_blank:
                raise InputError("blank line between records", place=f"{self._place}:{first_blank}", remedy="remove it")
            if line.startswith("#"):
                raise InputError("header line between records", place=f"{self._place}:{number}", remedy="remove it")
            yield parse_record(line, number, self._place, self._n_columns)

    def close(self) -> None:
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _text_lines(stream: BinaryIO, place: str) -> Iterator[str]:
    """Lines without their line feeds; bytes that are not UTF-8 survive as surrogates."""
    number = 0
    while line := stream.readline(_MAX_LINE_BYTES):
        number += 1
        if len(line) == _MAX_LINE_BYTES:
            what = f"line over {_MAX_LINE_BYTES} bytes"
            raise InputError(what, place=f"{place}:{number}", remedy="the file is not VCF, or is damaged")
        yield line.removesuffix(b"\n").decode("utf-8", errors="surrogateescape")


def header_contigs(header_lines: Sequence[str]) -> dict[str, int | None]:
    """Names and lengths of the ``##contig`` lines, in order; None where no length is given."""
    contigs: dict[str, int | None] = {}
    for line in header_lines:
        definition = _DEFINITION.match(line)
        if definition and definition[1] == "contig":
            length = _CONTIG_LENGTH.search(line)
            contigs[definition[2]] = int(length[1]) if length else None
    return contigs


def with_header_lines(header_lines: Sequence[str], new_lines: Iterable[str]) -> list[str]:
    """The header with new ``##`` lines before its ``#CHROM`` line.

    A new definition (``##INFO=<ID=X,...>``) takes the place of an earlier one of the same kind and ID; other lines,
    such as provenance, are added. New lines get the carriage return of a CRLF file.
    """
    *meta, columns = header_lines
    line_end = "\r" if columns.endswith("\r") else ""
    for line in new_lines:
        key = _definition_key(line)
        at = next((i for i, old in enumerate(meta) if key and _definition_key(old) == key), None)
        if at is None:
            meta.append(line + line_end)
        else:
            meta[at] = line + line_end
    return [*meta, columns]


def _definition_key(line: str) -> tuple[str, str] | None:
    definition = _DEFINITION.match(line)
    return (definition[1], definition[2]) if definition else None
