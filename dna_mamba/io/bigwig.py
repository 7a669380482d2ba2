"""bigWig output through pyBigWig, in a process of its own.

When a write fails, as on a full disk, libBigWig corrupts its memory and the process dies by a signal. So a child runs
it: it takes stretches of values on standard input, and whatever happens to it becomes one line and an exit code here.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import numpy as np

from dna_mamba.errors import InputError, MachineError
from dna_mamba.extras import need
from dna_mamba.genome import Contig
from dna_mamba.io import bigwig_child
from dna_mamba.io.atomic import atomic_output
from dna_mamba.io.bedgraph import Stretch
from dna_mamba.io.bigwig_child import HEADER, STRETCH, name_bytes
from dna_mamba.io.paths import STDIO

SUFFIXES = (".bw", ".bigwig")
_MAX_POSITION = 2**32 - 1
_VALUES_AT_A_TIME = 1 << 20


def check_bigwig(path: str | Path, contigs: Iterable[Contig]) -> None:
    """Refuse, before any work is done, what cannot become a bigWig file.

    Raises:
        InputError: pyBigWig is not installed, the target is not a file, or a contig is longer than 32 bits can count.
    """
    need("pyBigWig", what="bigWig output", instead="write .bedgraph")
    if os.fspath(path) == STDIO or (os.path.exists(path) and not os.path.isfile(path)):
        raise InputError("bigWig is not written in order", place=path, remedy="name a file, or write .bedgraph")
    for chrom, length in contigs:
        if length > _MAX_POSITION:
            what = f"contig {chrom!r} of {length:,} bp: bigWig counts in 32 bits"
            raise InputError(what, place=path, remedy="write .bedgraph")


def write_bigwig(
    path: str | Path, contigs: Sequence[Contig], stretches: Iterable[Stretch], *, force: bool = False
) -> None:
    """Write stretches, which come in the order of ``contigs`` and by position; the file appears when it is whole.

    Raises:
        InputError: see ``check_bigwig``; or the target exists and not ``force``.
        MachineError: the disk is full, or the writing process died.
    """
    check_bigwig(path, contigs)
    with (
        atomic_output(path, force=force) as stream,
        tempfile.TemporaryFile() as complaints,
        tempfile.TemporaryDirectory(prefix="dna-mamba-") as directory,
    ):
        link = os.path.join(directory, "output.bw")  # pyBigWig takes names as UTF-8, and this one may be another
        os.symlink(stream.name, link)
        command = [sys.executable, "-m", bigwig_child.__name__, link]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=complaints, env=_environment()) as child:
            assert child.stdin is not None
            with suppress(BrokenPipeError):  # the exit code says why
                _send(child.stdin, contigs, stretches)
        if child.returncode != 0:
            raise _failure(path, child.returncode, complaints)


def _environment() -> dict[str, str]:
    """The child finds this package where its parent found it."""
    root = str(Path(__file__).parents[2])
    return os.environ | {"PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}


def _send(pipe: IO[bytes], contigs: Sequence[Contig], stretches: Iterable[Stretch]) -> None:
    with pipe:
        header = json.dumps(contigs).encode()
        pipe.write(HEADER.pack(len(header)) + header)
        for chrom, start, values in stretches:
            name = name_bytes(chrom)
            for first in range(0, len(values), _VALUES_AT_A_TIME):
                piece = np.ascontiguousarray(values[first : first + _VALUES_AT_A_TIME], dtype="<f4")
                pipe.write(STRETCH.pack(len(name), start + first, len(piece)) + name)
                pipe.write(piece.tobytes())


def _failure(path: str | Path, returncode: int, complaints: IO[bytes]) -> MachineError:
    complaints.seek(0)
    lines = complaints.read().decode(errors="replace").split("\n")
    said = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
    end = f"by {signal.Signals(-returncode).name}" if returncode < 0 else f"with exit code {returncode}"
    free = os.statvfs(os.path.dirname(os.path.realpath(path)))
    what = f"writing the bigWig file ended {end} ({said}); {free.f_bavail * free.f_frsize / 2**20:,.0f} MiB are free"
    return MachineError(what, place=path, remedy="free some space, write elsewhere, or write .bedgraph.gz")
