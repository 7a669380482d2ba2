"""BCF to and from lines of VCF text, and indexes of both, through the htslib that pysam bundles."""

import os
import re
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import zip_longest
from math import isclose
from pathlib import Path
from typing import BinaryIO

from dna_mamba.errors import InputError
from dna_mamba.io.atomic import disk_errors, is_disk_full
from dna_mamba.io.paths import STDIO, display_name

BCF_MAGIC = b"BCF\2"
_WRITE_VCF = "write VCF instead (-O z), or correct it"
_VALUE_ENDS = re.compile(r"([,;:=|/])")
_MISSING_END = re.compile(r"(:\.)+$")


@contextmanager
def quiet_htslib() -> Iterator[None]:
    """Keep htslib from writing to standard error; its failures reach us as exceptions."""
    import pysam

    verbosity = pysam.set_verbosity(0)
    try:
        yield
    finally:
        pysam.set_verbosity(verbosity)


def bcf_lines(path: str | Path, stream: BinaryIO) -> Generator[str]:
    """The VCF text of a BCF file, header lines first, without line feeds.

    ``stream`` is the unpacked file from its start. All of it is read first, so that every block is checked before
    htslib sees a byte. htslib reads through a link (a copy, if the input is a pipe) in a temporary directory, where
    it finds no index that lies beside the input.

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
                yield from str(records.header).splitlines()
                for record in records:
                    yield str(record).removesuffix("\n")
                    n_records += 1
        except (OSError, ValueError, RuntimeError, UnicodeError) as error:
            what = f"damaged BCF behind record {n_records} ({error})".replace(path, "the file")
            raise InputError(what, place=place, remedy="copy or make the file again") from None


def write_bcf(text_path: str, bcf_path: str, place: str) -> None:
    """Convert a VCF text file to BCF, refusing what BCF would change.

    htslib turns a value that does not fit its declared type into a missing one without failing; each record is
    therefore compared with its line. Numbers may be spelled differently (BCF floats have 32 bits), nothing else may.

    Raises:
        InputError: a contig or key without a header line, or a value that BCF cannot hold; names the record.
    """
    number = 0
    try:
        for number in _convert_records(text_path, bcf_path, place):  # noqa: B007 (used when a record fails)
            pass
    except (OSError, ValueError, RuntimeError) as error:
        if isinstance(error, OSError) and is_disk_full(error):
            raise
        reason = str(error).replace(text_path, "the file")
        what = f"record {number + 1} cannot be written as BCF ({reason})"
        raise InputError(what, place=place, remedy=_WRITE_VCF) from None


def _convert_records(text_path: str, bcf_path: str, place: str) -> Iterator[int]:
    """Convert record by record; yields how many are written."""
    import pysam

    with (
        quiet_htslib(),
        open(text_path, encoding="utf-8", errors="surrogateescape", newline="\n") as text,
        pysam.VariantFile(text_path) as records,
        pysam.VariantFile(bcf_path, "wb", header=records.header) as output,
    ):
        lines = (line.rstrip("\r\n") for line in text if not line.startswith("#"))
        defined = str(records.header)
        for number, (record, line) in enumerate(zip(records, lines, strict=True), start=1):
            _refuse_changes(line, str(record).removesuffix("\n"), number, place)
            try:
                output.write(record)
            except ValueError:
                raise
            except OSError as error:
                added = _added_lines(str(records.header), defined)
                if is_disk_full(error) or not added:
                    raise
                raise ValueError(f"the header lacks a line like {added[0]}") from None
            yield number


def _added_lines(after: str, before: str) -> list[str]:
    """Header lines that htslib made up for what the records use without a definition."""
    known = set(before.splitlines())
    return [line for line in after.splitlines() if line not in known]


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
        InputError: the file is not sorted, or is plain text.
    """
    import pysam

    is_bcf = os.fspath(path).endswith(".bcf")
    with quiet_htslib(), tempfile.TemporaryDirectory(prefix=".index-", dir=os.path.dirname(path) or ".") as directory:
        partial = os.path.join(directory, "index")
        for csi in (True,) if is_bcf else (False, True):
            try:
                pysam.tabix_index(os.fspath(path), preset="vcf", index=partial, csi=csi, force=True)
            except (OSError, ValueError):
                continue
            index = Path(f"{os.fspath(path)}{'.csi' if csi else '.tbi'}")
            os.replace(partial, index)
            return index
    raise InputError("cannot be indexed", place=path, remedy="sort it first, and write it as .vcf.gz or .bcf")
