"""VCF and BCF output under a name that appears only when the file is whole."""

import os
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, Self

from dna_mamba.errors import InputError
from dna_mamba.io.atomic import atomic_output, disk_errors
from dna_mamba.io.bgzf import BgzfWriter
from dna_mamba.io.paths import STDIO, check_local, display_name
from dna_mamba.io.vcf.binary import bcf_target, write_bcf

VcfFormat = Literal["v", "z", "b"]
_SUFFIXES: dict[str, VcfFormat] = {".vcf": "v", ".vcf.gz": "z", ".vcf.bgz": "z", ".bcf": "b"}


def vcf_format(path: str | Path, chosen: str | None = None) -> VcfFormat:
    """``v`` text, ``z`` BGZF or ``b`` BCF: as chosen, or from the suffix; text on standard output.

    Raises:
        InputError: neither tells.
    """
    if chosen is not None:
        for known in ("v", "z", "b"):
            if chosen == known:
                return known
        raise InputError(f"unknown VCF format {chosen!r}", remedy="choose v (text), z (bgzip) or b (BCF)")
    name = os.fspath(path).lower()
    if name == STDIO:
        return "v"
    for suffix, known in _SUFFIXES.items():
        if name.endswith(suffix):
            return known
    raise InputError(
        "no VCF suffix", place=path, remedy="end it in .vcf, .vcf.gz or .bcf, or choose the format with -O"
    )


class VcfWriter:
    """Writes header lines, then record lines, both without line feeds; use it as a context manager.

    The target appears when the block ends without an exception; otherwise nothing is left. BCF is made of the text
    at the end of the block. ``-`` is standard output.

    Args:
        path: target, or ``-``.
        header_lines: every header line, the ``#CHROM`` line last.
        format: ``v``, ``z`` or ``b``; default from the suffix.
        force: replace an existing target.

    Raises:
        InputError: the target exists or cannot be made, or a record cannot be expressed in BCF.
        MachineError: the disk is full.
    """

    def __init__(
        self, path: str | Path, header_lines: Iterable[str], *, format: str | None = None, force: bool = False
    ) -> None:
        self._path = check_local(path)
        self._format = vcf_format(path, format)
        self._force = force
        self._header_lines = list(header_lines)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            if self._format == "b":
                self._directory, self._output = stack.enter_context(bcf_target(self._path, force=self._force))
                self._sink: BinaryIO | BgzfWriter = stack.enter_context(open(self._text_path, "wb"))
            else:
                self._output = stack.enter_context(atomic_output(self._path, force=self._force))
                self._sink = BgzfWriter(self._output) if self._format == "z" else self._output
            for line in self._header_lines:
                self.write(line)
            self._stack = stack.pop_all()
        return self

    @property
    def _text_path(self) -> str:
        return os.path.join(self._directory, "text.vcf")

    def write(self, line: str) -> None:
        """Write one line, given without its line feed."""
        self._sink.write(line.encode("utf-8", errors="surrogateescape") + b"\n")

    def _finish(self) -> None:
        if isinstance(self._sink, BgzfWriter):
            self._sink.finish()
        elif self._format == "b":
            self._sink.close()
            bcf_path = os.path.join(self._directory, "output.bcf")
            write_bcf(self._text_path, bcf_path, display_name(self._path))
            with open(bcf_path, "rb") as bcf:
                while chunk := bcf.read(1 << 20):
                    self._output.write(chunk)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._stack.__exit__(kind, error, trace)
            return
        with self._stack:
            self._finish()


def refuse_what_bcf_cannot_hold(header_lines: Iterable[str], lines: Iterable[str], place: str) -> None:
    """Write records as BCF in a temporary directory, to find out before hours of work that it fails.

    Raises:
        InputError: a record cannot be expressed in BCF; names it.
        MachineError: the disk is full.
    """
    with tempfile.TemporaryDirectory(prefix="dna-mamba-") as directory:
        text, bcf = os.path.join(directory, "text.vcf"), os.path.join(directory, "trial.bcf")
        with disk_errors(text), open(text, "wb") as file:
            for line in chain(header_lines, lines):
                file.write(line.encode("utf-8", errors="surrogateescape") + b"\n")
        write_bcf(text, bcf, place)
