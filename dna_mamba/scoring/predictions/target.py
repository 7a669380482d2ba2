"""Where predictions go, and in which format."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from dna_mamba.errors import InputError
from dna_mamba.io.atomic import atomic_output, check_target
from dna_mamba.io.lines import line_output
from dna_mamba.io.paths import STDIO, check_local
from dna_mamba.models import HeadConfig
from dna_mamba.runs import is_file_target
from dna_mamba.runs.table_lines import need_pyarrow, parquet_lines

PredictionFormat = Literal["tsv", "parquet", "bed", "bigwig", "bedgraph", "gff3"]
PREDICTION_FORMATS: tuple[PredictionFormat, ...] = get_args(PredictionFormat)
SHARD_LINE = "##dna-mamba_predictShard="
"""Begins the first line of a shard."""
_SUFFIXES: dict[str, PredictionFormat] = {
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".bed": "bed",
    ".bw": "bigwig",
    ".bigwig": "bigwig",
    ".bedgraph": "bedgraph",
    ".bg": "bedgraph",
    ".gff3": "gff3",
    ".gff": "gff3",
}
_OF_SEQUENCES: tuple[PredictionFormat, ...] = ("tsv", "parquet", "bed")


class PredictionTarget(NamedTuple):
    """Where predictions go: a path (``-`` is standard output), the format if the suffix does not tell."""

    path: str | Path
    chosen_format: PredictionFormat | None = None
    force: bool = False

    @property
    def format(self) -> PredictionFormat:
        """As chosen, or by suffix; a table on standard output. Raises InputError if neither tells."""
        if self.chosen_format is not None:
            return self.chosen_format
        if os.fspath(self.path) == STDIO:
            return "tsv"
        name = os.fspath(self.path).lower().removesuffix(".gz")
        for suffix, known in _SUFFIXES.items():
            if name.endswith(suffix):
                return known
        remedy = f"end it in {', '.join(_SUFFIXES)} or choose the format with -O"
        raise InputError("its suffix names no format of predictions", place=self.path, remedy=remedy)

    @property
    def is_file(self) -> bool:
        """Whether it is a file that exists or will."""
        return is_file_target(self.path)

    def check(self, head: HeadConfig) -> None:
        """Refuse, before any work is done, what cannot be written of such a head. Raises InputError."""
        check_local(self.path)
        if not head.by_position and self.format not in _OF_SEQUENCES:
            what = f"{self.format} holds numbers along a contig, and this head gives one answer a sequence"
            raise InputError(what, place=self.path, remedy="write .tsv, .parquet or .bed")
        if self.format == "bed" and head.task == "tracks":
            raise InputError("BED holds classes, not tracks", place=self.path, remedy="write .bw, .bedgraph or .tsv")
        if self.format == "parquet":
            need_pyarrow()
        if os.fspath(self.path) == STDIO and self.format in ("parquet", "bigwig"):
            raise InputError(f"{self.format} cannot go to standard output", place="--output", remedy="name a file")

    def check_free(self) -> None:
        """Refuse to replace a file that was not to be replaced. Raises InputError."""
        check_target(self.path, force=self.force)


@contextmanager
def open_lines(
    target: PredictionTarget, header: Sequence[str], *, integers: Sequence[str], floats: Sequence[str]
) -> Iterator[Callable[[str], None]]:
    """Yields a function that writes a line below the header, of text or Parquet; whole or not there.

    Raises:
        InputError: the target exists, or cannot be made.
        MachineError: the disk is full.
    """
    if target.format == "parquet":
        with (
            atomic_output(target.path, force=target.force) as stream,
            parquet_lines(stream, header, integers=integers, floats=floats) as write,
        ):
            yield write
        return
    with line_output(target.path, force=target.force) as write_lines:
        write_lines(header)
        yield lambda line: write_lines((line,))
