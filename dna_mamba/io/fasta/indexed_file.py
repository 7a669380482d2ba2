"""A FASTA file opened for random access: its index and a source of its unpacked bytes."""

import io
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

from dna_mamba.errors import InputError
from dna_mamba.io.bgzf import GzipMemberError, read_blocks
from dna_mamba.io.compression import (
    CHUNK_BYTES,
    Compression,
    open_raw,
    read_chunks,
    read_head,
    sniff,
    unpacked,
)
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
from dna_mamba.io.genbank import flat_file_records, flat_format_of
from dna_mamba.io.paths import STDIO, display_name
from dna_mamba.io.records import FastaRecord


@dataclass(frozen=True)
class IndexedFile:
    """``identity`` is the state of the file that was indexed, None for what came through a pipe or was converted."""

    index: FastaIndex
    source: ByteSource
    identity: FileIdentity | None


def open_indexed(path: str) -> IndexedFile:
    """Index a file, or take the index kept for its present state. Raises InputError for what is not a genome."""
    place = display_name(path)
    with open_raw(path) as raw:
        if path == STDIO or not stat.S_ISREG(os.fstat(raw.fileno()).st_mode):
            return _hold_stream(unpacked(raw, place), place)
        identity = FileIdentity.of(raw.fileno())
        known = load_index(path, identity)
        if known is None and flat_format_of(unpacked(raw, place)):
            raw.seek(0)
            return _hold_stream(unpacked(raw, place), place)
        raw.seek(0)
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


def _hold_stream(stream: io.BufferedReader, place: str) -> IndexedFile:
    """FASTA, or GenBank and EMBL made into it, in memory."""
    flat_format = flat_format_of(stream)
    if flat_format is None:
        chunks: Iterable[bytes] = iter(lambda: stream.read(CHUNK_BYTES), b"")
    else:
        chunks = _as_fasta(flat_file_records(stream, flat_format, place), place)
    return _hold(chunks, place, None, None)


def _as_fasta(records: Iterable[FastaRecord], place: str) -> Iterator[bytes]:
    names: set[str] = set()
    for number, (name, _, sequence) in enumerate(records, start=1):
        if name in names:
            what = f"two records are named {name!r} (the second is record {number})"
            raise InputError(what, place=place, remedy="rename one of them")
        names.add(name)
        yield b">%b\n%b\n" % (name.encode("utf-8", errors="surrogateescape"), sequence)


def _open_regular(raw: BinaryIO, place: str, identity: FileIdentity, index: FastaIndex | None) -> IndexedFile:
    compression = sniff(read_head(raw, place), place)
    raw.seek(0)
    if compression == Compression.BGZF and (index is None or index.block_offsets.size):
        with suppress(GzipMemberError):  # read as gzip below, from the start
            index = index or scan_bgzf(read_blocks(raw, place), place)
            starts = index.mark_bytes
            source = BgzfSource(os.dup(raw.fileno()), place, identity, starts, index.block_offsets)
            return IndexedFile(index, source, identity)
        raw.seek(0)
    if compression != Compression.PLAIN:
        return _hold(read_chunks(raw, place), place, identity, index)
    index = index or scan_stream(read_chunks(raw, place), place)
    return IndexedFile(index, PlainSource(os.dup(raw.fileno()), place, identity), identity)


def _hold(
    chunks: Iterable[bytes], place: str, identity: FileIdentity | None, index: FastaIndex | None
) -> IndexedFile:
    held = bytearray()
    kept = _keep(chunks, held)
    if index is None:
        index = scan_stream(kept, place)
    else:
        for _ in kept:
            pass
    return IndexedFile(index, MemorySource(held), identity)


def _keep(chunks: Iterable[bytes], held: bytearray) -> Iterator[bytes]:
    for chunk in chunks:
        held.extend(chunk)
        yield chunk
