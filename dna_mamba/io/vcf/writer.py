"""VCF and BCF output under a name that appears only when the file is whole."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from dna_mamba.errors import InputError
from dna_mamba.io.atomic import disk_errors
from dna_mamba.io.lines import WriteLines, line_output, lines_into
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
                opened = _bcf_output(self._path, force=self._force)
            else:
                opened = line_output(self._path, force=self._force, packed=self._format == "z")
            self._write_lines = stack.enter_context(opened)
            self._write_lines(self._header_lines)
            self._stack = stack.pop_all()
        return self

    def write(self, line: str) -> None:
        """Write one line, given without its line feed."""
        self._write_lines((line,))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)


@contextmanager
def _bcf_output(path: str, *, force: bool) -> Iterator[WriteLines]:
    """As ``line_output``; the text becomes BCF when the block ends without an exception."""
    with bcf_target(path, force=force) as (directory, output):
        text_path, bcf_path = os.path.join(directory, "text.vcf"), os.path.join(directory, "output.bcf")
        with open(text_path, "wb") as text:
            yield lines_into(text)
        write_bcf(text_path, bcf_path, display_name(path))
        with open(bcf_path, "rb") as bcf:
            shutil.copyfileobj(bcf, output, 1 << 20)


def refuse_what_bcf_cannot_hold(header_lines: Iterable[str], lines: Iterable[str], place: str) -> None:
    """Write records as BCF in a temporary directory, to find out before hours of work that it fails.

    Raises:
        InputError: a record cannot be expressed in BCF; names it.
        MachineError: the disk is full.
    """
    with tempfile.TemporaryDirectory(prefix="dna-mamba-") as directory:
        text, bcf = os.path.join(directory, "text.vcf"), os.path.join(directory, "trial.bcf")
        with disk_errors(text), open(text, "wb") as file:
            write_lines = lines_into(file)
            for line in chain(header_lines, lines):
                write_lines((line,))
        write_bcf(text, bcf, place)
