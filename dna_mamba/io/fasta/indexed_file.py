"""A FASTA file opened for random access: its index and a source of its unpacked bytes."""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from dna_mamba.io.bgzf import read_blocks
from dna_mamba.io.compression import Compression, open_raw, read_chunks, read_head, sniff
from dna_mamba.io.fasta.byte_sources import (
    BgzfSource,
    ByteSource,
    FileIdentity,
    MemorySource,
    PlainSource,
    refuse_change,
)
from dna_mamba.io.fasta.index import FastaIndex, scan_bgzf, scan_stream
from dna_mamba.io.fasta.index_cache import load_index, store_index
from dna_mamba.io.paths import STDIO, display_name


@dataclass(frozen=True)
class IndexedFile:
    """``identity`` is the state of the file that was indexed, None for what came through a pipe."""

    index: FastaIndex
    source: ByteSource
    identity: FileIdentity | None


def open_indexed(path: str) -> IndexedFile:
    """Index a file, or take the index kept for its present state. Raises InputError for what is no FASTA."""
    place = display_name(path)
    with open_raw(path) as raw:
        if path == STDIO or not stat.S_ISREG(os.fstat(raw.fileno()).st_mode):
            held = bytearray()
            index = scan_stream(_keep(read_chunks(raw, place), held), place)
            return IndexedFile(index, MemorySource(held), None)
        identity = FileIdentity.of(raw.fileno())
        known = load_index(path, identity)
        opened = _open_regular(raw, place, identity, known)
        if known is None:
            store_index(path, identity, opened.index)
        return opened


def reopen_indexed(path: str, index: FastaIndex, identity: FileIdentity) -> IndexedFile:
    """Open a file whose index is at hand. Raises InputError if it is not the file that was indexed."""
    place = display_name(path)
    with open_raw(path) as raw:
        refuse_change(raw.fileno(), identity, place)
        return _open_regular(raw, place, identity, index)


def _open_regular(raw: BinaryIO, place: str, identity: FileIdentity, index: FastaIndex | None) -> IndexedFile:
    compression = sniff(read_head(raw, place), place)
    raw.seek(0)
    if compression == Compression.GZIP:
        held = bytearray()
        chunks = _keep(read_chunks(raw, place), held)
        if index is None:
            index = scan_stream(chunks, place)
        else:
            for _ in chunks:
                pass
        return IndexedFile(index, MemorySource(held), identity)
    if compression == Compression.BGZF:
        index = index or scan_bgzf(read_blocks(raw, place), place)
        starts, offsets = index.mark_bytes, index.block_offsets
        return IndexedFile(index, BgzfSource(os.dup(raw.fileno()), place, identity, starts, offsets), identity)
    index = index or scan_stream(read_chunks(raw, place), place)
    return IndexedFile(index, PlainSource(os.dup(raw.fileno()), place, identity), identity)


def _keep(chunks: Iterable[bytes], held: bytearray) -> Iterator[bytes]:
    for chunk in chunks:
        held.extend(chunk)
        yield chunk
