"""bigWig output through pyBigWig, in a process of its own.

When a write fails, as on a full disk, libBigWig corrupts its memory and the process dies by a signal. So a child runs
it: it takes runs of values on standard input, and whatever happens to it becomes one line and an exit code here.
"""

import importlib.util
import io
import json
import os
import signal
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, BinaryIO

import numpy as np

from dna_mamba.errors import InputError, MachineError
from dna_mamba.genome import Contig
from dna_mamba.io.atomic import atomic_output
from dna_mamba.io.bedgraph import Run
from dna_mamba.io.paths import STDIO

SUFFIXES = (".bw", ".bigwig")
_HEADER = struct.Struct("<Q")
_RUN = struct.Struct("<IQQ")
"""Bytes of the contig's name, start, number of values."""
_MAX_POSITION = 2**32 - 1
_VALUES_AT_A_TIME = 1 << 20
_ZOOM_LEVELS = 10


def check_bigwig(path: str | Path, contigs: Iterable[Contig]) -> None:
    """Refuse, before any work is done, what cannot become a bigWig file.

    Raises:
        InputError: pyBigWig is not installed, the target is not a file, or a contig is longer than 32 bits can count.
    """
    if importlib.util.find_spec("pyBigWig") is None:
        remedy = "pip install 'dna-mamba[bigwig]', or write .bedgraph"
        raise InputError("bigWig files need pyBigWig", place=path, remedy=remedy)
    if os.fspath(path) == STDIO or (os.path.exists(path) and not os.path.isfile(path)):
        raise InputError("bigWig is not written in order", place=path, remedy="name a file, or write .bedgraph")
    for chrom, length in contigs:
        if length > _MAX_POSITION:
            what = f"contig {chrom!r} of {length:,} bp: bigWig counts in 32 bits"
            raise InputError(what, place=path, remedy="write .bedgraph")


def write_bigwig(path: str | Path, contigs: Sequence[Contig], runs: Iterable[Run], *, force: bool = False) -> None:
    """Write runs, which come in the order of ``contigs`` and by position; the file appears when it is whole.

    Raises:
        InputError: see ``check_bigwig``; or the target exists and not ``force``.
        MachineError: the disk is full, or the writing process died.
    """
    check_bigwig(path, contigs)
    with atomic_output(path, force=force) as stream, tempfile.TemporaryFile() as complaints:
        command = [sys.executable, "-m", __name__, stream.name]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=complaints, env=_environment()) as child:
            assert child.stdin is not None
            with suppress(BrokenPipeError):  # the exit code says why
                _send(child.stdin, contigs, runs)
        if child.returncode != 0:
            raise _failure(path, child.returncode, complaints)


def _environment() -> dict[str, str]:
    """The child finds this package where its parent found it."""
    root = str(Path(__file__).parents[2])
    return os.environ | {"PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}


def _send(pipe: IO[bytes], contigs: Sequence[Contig], runs: Iterable[Run]) -> None:
    with pipe:
        header = json.dumps(contigs).encode()
        pipe.write(_HEADER.pack(len(header)) + header)
        for chrom, start, values in runs:
            name = chrom.encode()
            for first in range(0, len(values), _VALUES_AT_A_TIME):
                piece = np.ascontiguousarray(values[first : first + _VALUES_AT_A_TIME], dtype="<f4")
                pipe.write(_RUN.pack(len(name), start + first, len(piece)) + name)
                pipe.write(piece.tobytes())


def _failure(path: str | Path, returncode: int, complaints: IO[bytes]) -> MachineError:
    complaints.seek(0)
    lines = complaints.read().decode(errors="replace").split("\n")
    said = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
    end = f"by {signal.Signals(-returncode).name}" if returncode < 0 else f"with exit code {returncode}"
    free = os.statvfs(os.path.dirname(os.path.realpath(path)))
    what = f"writing the bigWig file ended {end} ({said}); {free.f_bavail * free.f_frsize / 2**20:,.0f} MiB are free"
    return MachineError(what, place=path, remedy="free some space, write elsewhere, or write .bedgraph.gz")


def write_from_pipe(path: str, pipe: BinaryIO) -> None:
    """The child's part: everything that ``_send`` sent, into ``path``."""
    import pyBigWig

    (size,) = _HEADER.unpack(_exactly(pipe, _HEADER.size))
    bigwig = pyBigWig.open(path, "w")
    bigwig.addHeader([tuple(contig) for contig in json.loads(_exactly(pipe, size))], maxZooms=_ZOOM_LEVELS)
    while head := pipe.read(_RUN.size):
        n_name, start, n_values = _RUN.unpack(head + _exactly(pipe, _RUN.size - len(head)))
        chrom = _exactly(pipe, n_name).decode()
        values = np.frombuffer(_exactly(pipe, 4 * n_values), dtype="<f4")
        bigwig.addEntries(chrom, start, values=values.tolist(), span=1, step=1)
    bigwig.close()


def _exactly(pipe: BinaryIO, size: int) -> bytes:
    data = pipe.read(size)
    if len(data) != size:
        raise EOFError("the sender stopped in the middle")
    return data


if __name__ == "__main__":
    assert isinstance(sys.stdin.buffer, io.BufferedReader)
    write_from_pipe(sys.argv[1], sys.stdin.buffer)
