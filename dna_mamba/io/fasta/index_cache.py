"""FASTA indexes kept between runs in the user's cache, never beside the input.

An entry belongs to one state of one file (path, device, inode, size, modification and change time). It is used only
if its own checksum holds, and a cache that cannot be read or written is as good as none.
"""

import hashlib
import io
import json
import os
import time
from pathlib import Path

import numpy as np

from dna_mamba.alphabet import LetterCounts
from dna_mamba.errors import DnaMambaError
from dna_mamba.io.atomic import atomic_output
from dna_mamba.io.fasta.byte_sources import FileIdentity
from dna_mamba.io.fasta.index import MARK_BYTES, ContigEntry, FastaIndex
from dna_mamba.io.paths import cache_directory

_FORMAT = 2
"""Changes where files would be read differently, so that indexes of an earlier version are not taken."""
MIN_FILE_BYTES = 1 << 20
"""Smaller files are read faster than it is worth to keep their index."""
SETTLING_SECONDS = 2.0
"""A file younger than this may still change within the resolution of its time stamps; its index is not kept."""


def _entry_path(path: str, identity: FileIdentity) -> Path:
    key = json.dumps([_FORMAT, MARK_BYTES, os.path.realpath(path), *identity])
    return cache_directory() / "fasta" / f"{hashlib.sha256(key.encode()).hexdigest()}.index"


def load_index(path: str, identity: FileIdentity) -> FastaIndex | None:
    """The index kept for this state of the file, if there is a sound one."""
    try:
        entry = _entry_path(path, identity).read_bytes()
        checksum, payload = entry[:32], entry[32:]
        if hashlib.sha256(payload).digest() != checksum:
            return None
        return _unpack(payload)
    except (OSError, ValueError, LookupError, TypeError):
        return None


def store_index(path: str, identity: FileIdentity, index: FastaIndex) -> None:
    """Keep an index, if the file is large and settled enough and the cache can be written."""
    youngest = max(identity.mtime_ns, identity.ctime_ns) / 1e9
    if identity.size < MIN_FILE_BYTES or time.time() - youngest < SETTLING_SECONDS:
        return
    target = _entry_path(path, identity)
    payload = _pack(index)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_output(target, force=True) as file:
            file.write(hashlib.sha256(payload).digest() + payload)
    except (OSError, DnaMambaError):
        return


def _pack(index: FastaIndex) -> bytes:
    entries = json.dumps([[*entry[:-1], list(entry.counts)] for entry in index.entries])
    buffer = io.BytesIO()
    np.savez(
        buffer,
        entries=np.frombuffer(entries.encode(), dtype=np.uint8),
        n_bytes=np.int64(index.n_bytes),
        mark_bytes=index.mark_bytes,
        mark_letters=index.mark_letters,
        block_offsets=index.block_offsets,
    )
    return buffer.getvalue()


def _unpack(payload: bytes) -> FastaIndex:
    with np.load(io.BytesIO(payload), allow_pickle=False) as arrays:
        rows = json.loads(arrays["entries"].tobytes())
        entries = tuple(ContigEntry._make([*row[:-1], LetterCounts(*row[-1])]) for row in rows)
        marks = (arrays["mark_bytes"], arrays["mark_letters"], arrays["block_offsets"])
        return FastaIndex(entries, int(arrays["n_bytes"]), *marks)
