"""Where scores go: VCF, BCF or a table by suffix or by choice, written line by line, whole or not there."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from dna_mamba.errors import InputError
from dna_mamba.io.atomic import atomic_output, check_target
from dna_mamba.io.lines import line_output
from dna_mamba.io.paths import check_local
from dna_mamba.io.vcf import VcfRecord, with_header_lines, write_vcf_index
from dna_mamba.io.vcf.writer import VcfWriter, vcf_format
from dna_mamba.runs import is_file_target
from dna_mamba.runs.table_lines import need_pyarrow, parquet_lines
from dna_mamba.scoring.variant_files.columns import TABLE_COLUMNS, info_definitions, info_of, table_header, table_rows
from dna_mamba.scoring.variants.scores import Column
from dna_mamba.scoring.variants.status import VariantScore

OutputFormat = Literal["v", "z", "b", "t", "parquet"]
Kind = Literal["records", "table"]
WriteLine = Callable[[str], None]
SHARD_LINE = "##dna-mamba_scoreShard="
"""Begins the header line in which a shard says which it is."""
_TABLE_SUFFIXES = (".tsv", ".tsv.gz")
_INDEXED: tuple[OutputFormat, ...] = ("z", "b")


class Target(NamedTuple):
    """Where scores go: a path (``-`` is standard output), the format if the suffix does not tell, and its header."""

    path: str | Path
    chosen_format: str | None = None
    force: bool = False
    write_index: bool = False

    @property
    def format(self) -> OutputFormat:
        """As chosen, or by suffix; VCF text on standard output. Raises InputError if neither tells."""
        name = os.fspath(self.path).lower()
        if self.chosen_format is None and name.endswith(".parquet"):
            return "parquet"
        is_table = name.endswith(_TABLE_SUFFIXES) if self.chosen_format is None else self.chosen_format == "t"
        return "t" if is_table else vcf_format(self.path, self.chosen_format)

    @property
    def kind(self) -> Kind:
        """What its lines are: the records of the input, or rows of a table."""
        return "table" if self.format in ("t", "parquet") else "records"

    @property
    def is_file(self) -> bool:
        """Whether it is a file that exists or will."""
        return is_file_target(self.path)

    def check(self) -> None:
        """Refuse, before any work is done, a target that cannot be written. Raises InputError."""
        check_local(self.path)
        if self.format == "parquet":
            need_pyarrow()
        if self.write_index and not (self.is_file and self.format in _INDEXED):
            remedy = "write a file that ends in .vcf.gz or .bcf"
            raise InputError("only packed VCF and BCF have an index", place="--write-index", remedy=remedy)
        check_target(self.path, force=self.force)


def as_target(target: Target | str | Path) -> Target:
    """The target itself, or one whose format its path tells."""
    return target if isinstance(target, Target) else Target(target)


class Layout(NamedTuple):
    """The numbers in an output, and the window that its header states."""

    columns: Sequence[Column]
    context_bp: int

    def header(self, kind: Kind, input_lines: Sequence[str], extra: Sequence[str]) -> list[str]:
        """Header lines: those of the input with definitions and ``extra`` added, or those of a table."""
        if kind == "table":
            return [*extra, *table_header(self.columns, self.context_bp)]
        return with_header_lines(input_lines, [*info_definitions(self.columns, self.context_bp), *extra])

    def lines_of(self, kind: Kind, record: VcfRecord, scores: Sequence[VariantScore]) -> list[str]:
        """What a record becomes."""
        if kind == "table":
            return table_rows(record, scores, self.columns)
        return [record.with_info(info_of(scores, self.columns))]


@contextmanager
def open_output(target: Target, header: Sequence[str]) -> Iterator[WriteLine]:
    """Yields a function that writes one line, given without its line feed, below the header.

    Raises:
        InputError: the target exists, cannot be made, cannot express a line, or cannot be indexed (it is whole then).
        MachineError: the disk is full.
    """
    open_format = {"t": _text_table, "parquet": _parquet}.get(target.format, _vcf)
    with open_format(target, header) as write:
        yield write
    if target.write_index:
        write_vcf_index(target.path)


@contextmanager
def _vcf(target: Target, header: Sequence[str]) -> Iterator[WriteLine]:
    with VcfWriter(target.path, header, format=target.format, force=target.force) as writer:
        yield writer.write


@contextmanager
def _text_table(target: Target, header: Sequence[str]) -> Iterator[WriteLine]:
    """A table as text: gzip (BGZF) if the name ends in .gz."""
    with line_output(target.path, force=target.force) as write_lines:
        write_lines(header)
        yield lambda line: write_lines((line,))


@contextmanager
def _parquet(target: Target, header: Sequence[str]) -> Iterator[WriteLine]:
    floats = header[-1].split("\t")[len(TABLE_COLUMNS) :]
    with (
        atomic_output(target.path, force=target.force) as stream,
        parquet_lines(stream, header, integers=("pos",), floats=floats) as write,
    ):
        yield write
