"""BCF to and from lines of VCF text, and indexes of both, through the htslib that pysam bundles."""

import os
import re
import shutil
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import zip_longest
from math import isclose
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from dna_mamba.errors import InputError
from dna_mamba.io.atomic import atomic_output, disk_errors
from dna_mamba.io.bgzf import is_bgzf
from dna_mamba.io.compression import open_input, open_raw, read_head
from dna_mamba.io.paths import STDIO, check_local, display_name

if TYPE_CHECKING:
    from pysam import VariantFile

BCF_MAGIC = b"BCF\2"
_WRITE_VCF = "write VCF instead (-O z), or correct it"
_VALUE_ENDS = re.compile(r"([,;:=|/])")
_MISSING_END = re.compile(r"(:\.)+$")


@contextmanager
def quiet_htslib() -> Iterator[None]:
    """What is not UTF-8 comes from pysam as surrogates, and nothing goes to standard error: failures are exceptions."""
    import pysam

    verbosity = pysam.set_verbosity(0)
    handler = pysam.set_encoding_error_handler("surrogateescape")
    try:
        yield
    finally:
        pysam.set_encoding_error_handler(handler)
        pysam.set_verbosity(verbosity)


def _header_lines(records: "VariantFile") -> list[str]:
    """Lines as in the file: only line feeds end them, not every character that Unicode counts as a line end."""
    return str(records.header).removesuffix("\n").split("\n")


def bcf_lines(path: str | Path, stream: BinaryIO) -> Generator[str]:
    """The VCF text of a BCF file, header lines first, without line feeds.

    ``stream`` is the unpacked file from its start. All of it is read first, so that every block is checked before
    htslib sees a byte. htslib reads through a link (a copy, if the input is a pipe) in a temporary directory, where
    it does not find an index that lies beside the input.

    Raises:
        InputError: the file is truncated or damaged.
        MachineError: no disk space for the copy of a pipe.
    """
    with tempfile.TemporaryDirectory(prefix="dna-mamba-") as directory:
        checked = os.path.join(directory, "input.bcf")
        if os.fspath(path) != STDIO and os.path.isfile(path):
            while stream.read(1 << 20):
                pass
            os.symlink(os.path.abspath(path), checked)
        else:
            with disk_errors(checked), open(checked, "wb") as copy:
                shutil.copyfileobj(stream, copy, 1 << 20)
        yield from _htslib_lines(checked, display_name(path))


def _htslib_lines(path: str, place: str) -> Generator[str]:
    import pysam

    n_records = 0
    with quiet_htslib():
        try:
            with pysam.VariantFile(path) as records:
                yield from _header_lines(records)
                for record in records:
                    yield str(record).removesuffix("\n")
                    n_records += 1
        except (OSError, ValueError, RuntimeError) as error:
            what = f"damaged BCF after record {n_records} ({error})".replace(path, "the file")
            raise InputError(what, place=place, remedy="copy or make the file again") from None


def write_bcf(text_path: str, bcf_path: str, place: str) -> None:
    """Convert a VCF text file to BCF with the bundled bcftools, then read it back and refuse what changed.

    htslib turns a value that does not fit its declared type into a missing one without failing. Numbers may come
    back spelled differently (BCF floats have 32 bits), nothing else may. pysam's own writer will not do: it adds and
    removes INFO/END.

    Raises:
        InputError: a contig or key without a header line, or a value that BCF cannot hold; names the record.
    """
    compress_bcf(text_path, bcf_path, place)
    with open(text_path, encoding="utf-8", errors="surrogateescape", newline="\n") as text:
        lines = (line.rstrip("\r\n") for line in text if not line.startswith("#"))
        written = (line for line in _htslib_lines(bcf_path, place) if not line.startswith("#"))
        for number, (before, after) in enumerate(zip_longest(lines, written, fillvalue=""), start=1):
            _refuse_changes(before, after, number, place)


def compress_bcf(source: str, bcf_path: str, place: str) -> None:
    """Convert VCF text or BCF to packed BCF with the bundled bcftools. Raises InputError for what BCF cannot hold."""
    from pysam import bcftools
    from pysam.utils import SamtoolsError

    with quiet_htslib():
        try:
            bcftools.view("--no-version", "-Ob", "-o", bcf_path, source, catch_stdout=False)
        except SamtoolsError as error:
            reason = _missing_definition(source) or str(error).splitlines()[-1].replace(source, "the file")
            raise InputError(f"cannot be written as BCF ({reason})", place=place, remedy=_WRITE_VCF) from None


@contextmanager
def bcf_target(target: str | Path, *, force: bool = False) -> Iterator[tuple[str, BinaryIO]]:
    """A directory beside the target to make a BCF in, and the target to copy it to, which appears when it is whole."""
    beside = None if os.fspath(target) == STDIO else os.path.dirname(os.path.realpath(target))
    with (
        atomic_output(target, force=force) as output,
        tempfile.TemporaryDirectory(prefix=".bcf-", dir=beside) as directory,
    ):
        yield directory, output


def _missing_definition(text_path: str) -> str | None:
    """A header line that htslib had to make up for a record of the text."""
    import pysam

    with pysam.VariantFile(text_path) as records:
        defined = set(_header_lines(records))
        try:
            for _ in records:
                pass
        except (OSError, ValueError, RuntimeError):
            return None
        added = [line for line in _header_lines(records) if line not in defined]
    return f"the header lacks a line like {added[0]}" if added else None


def _refuse_changes(line: str, written: str, number: int, place: str) -> None:
    if line == written:
        return
    for before, after in zip_longest(line.split("\t"), written.split("\t"), fillvalue=""):
        if not _equal_values(before, after):
            what = f"record {number}: BCF would turn {before[:80]!r} into {after[:80]!r}"
            raise InputError(what, place=place, remedy=_WRITE_VCF)


def _equal_values(before: str, after: str) -> bool:
    """Whether two columns differ in nothing but the spelling of numbers and missing values at the end of a sample."""
    pairs = list(zip_longest(_VALUE_ENDS.split(_trim(before)), _VALUE_ENDS.split(_trim(after)), fillvalue=""))
    return all(left == right or _equal_numbers(left, right) for left, right in pairs)


def _trim(column: str) -> str:
    return _MISSING_END.sub("", column)


def _equal_numbers(left: str, right: str) -> bool:
    try:
        return isclose(float(left), float(right), rel_tol=1e-5, abs_tol=1e-37)
    except ValueError:
        return False


def write_vcf_index(path: str | Path) -> Path:
    """Index a sorted .vcf.gz or .bcf: TBI, or CSI for BCF and where positions exceed 2**29. Returns its path.

    Raises:
        InputError: the file is not sorted, or is neither BGZF nor BCF.
    """
    import pysam

    name, place = check_local(path), display_name(path)
    with open_input(path) as stream:
        is_bcf = stream.peek(len(BCF_MAGIC)).startswith(BCF_MAGIC)
    with open_raw(path) as raw:
        # pysam would compress a plain file and delete the original.
        if not is_bgzf(read_head(raw, place)):
            raise InputError("is not BGZF and cannot be indexed", place=place, remedy="write it as .vcf.gz or .bcf")
    with quiet_htslib(), tempfile.TemporaryDirectory(prefix=".index-", dir=os.path.dirname(name) or ".") as directory:
        partial = os.path.join(directory, "index")
        for csi in (True,) if is_bcf else (False, True):
            with suppress(OSError, ValueError):
                pysam.tabix_index(name, preset="vcf", index=partial, csi=csi, force=True)
                index = Path(f"{name}{'.csi' if csi else '.tbi'}")
                os.replace(partial, index)
                return index
    raise InputError("cannot be indexed", place=place, remedy="sort it by contig and position first")


def join_bcf(paths: Sequence[str | Path], target: str | Path, *, without: str, force: bool = False) -> None:
    """The records of BCF files of one header, one file after the other, as they lie; the first file's header.

    Args:
        paths: the files, whose headers define the same keys and contigs in the same order.
        target: BCF to write, whole or not at all; ``-`` is standard output.
        without: header lines that begin so are left out.
        force: replace an existing target.

    Raises:
        InputError: a file that is damaged or whose keys are not those of the first; the target exists.
        MachineError: the disk is full.
    """
    with bcf_target(target, force=force) as (directory, output):
        joined, packed = os.path.join(directory, "joined.bcf"), os.path.join(directory, "output.bcf")
        defined: list[bytes] | None = None
        with open(joined, "wb") as file:
            for path in paths:
                with open_input(path) as stream:
                    header = _bcf_header(stream, display_name(path))
                    kept = [line for line in header if not line.startswith(without.encode())]
                    keys = [line for line in kept if b"IDX=" in line or not line.startswith(b"##")]
                    if defined is None:
                        defined, text = keys, b"".join(kept)
                        file.write(BCF_MAGIC + b"\2" + len(text).to_bytes(4, "little") + text)
                    elif keys != defined:
                        remedy = "join files of one run"
                        raise InputError("its header is another", place=display_name(path), remedy=remedy)
                    shutil.copyfileobj(stream, file, 1 << 20)
        compress_bcf(joined, packed, display_name(target))
        with open(packed, "rb") as bcf:
            shutil.copyfileobj(bcf, output, 1 << 20)


def _bcf_header(stream: BinaryIO, place: str) -> list[bytes]:
    """Header lines with their line feeds, the NUL after them included; leaves the stream at the first record."""
    start = stream.read(9)
    size = int.from_bytes(start[5:9], "little")
    text = stream.read(size) if len(start) == 9 and start.startswith(BCF_MAGIC) and size < 1 << 30 else b""
    if not text or len(text) != size:
        raise InputError("damaged BCF header", place=place, remedy="copy or make the file again")
    return text.splitlines(keepends=True)
