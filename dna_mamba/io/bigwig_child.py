"""The process that pyBigWig runs in: contigs and stretches of values in on standard input, a bigWig file out.

pyBigWig takes names as UTF-8. A contig of another name is written under a stand-in of the same length, and its own
name is put in its place in the file's tree of contigs (Kent et al. 2010, supplementary tables 5 and 8 to 11).
"""

import json
import struct
import sys
from collections.abc import Iterable, Mapping
from itertools import product
from string import ascii_letters
from typing import BinaryIO

import numpy as np

HEADER = struct.Struct("<Q")
"""Bytes of the contigs as JSON."""
STRETCH = struct.Struct("<IQQ")
"""Bytes of the contig's name, start, number of values."""
_ZOOM_LEVELS = 10
_TREE_OFFSET_AT = 8
_TREE_HEAD = struct.Struct("<IIIIQQ")
_NODE_HEAD = struct.Struct("<?xH")
_CHILD = struct.Struct("<Q")
_LEAF_VALUE_BYTES = 8


def name_bytes(chrom: str) -> bytes:
    """A contig's name as in the file it came from."""
    return chrom.encode("utf-8", errors="surrogateescape")


def write_from_pipe(path: str, pipe: BinaryIO) -> None:
    """Everything that ``pipe`` holds, into ``path``. Raises EOFError where it ends too early."""
    import pyBigWig

    (size,) = HEADER.unpack(_exactly(pipe, HEADER.size))
    contigs = json.loads(_exactly(pipe, size))
    stand_ins = _stand_ins([chrom for chrom, _ in contigs])
    bigwig = pyBigWig.open(path, "w")
    bigwig.addHeader([(stand_ins.get(chrom, chrom), length) for chrom, length in contigs], maxZooms=_ZOOM_LEVELS)
    while head := pipe.read(STRETCH.size):
        n_name, start, n_values = STRETCH.unpack(head + _exactly(pipe, STRETCH.size - len(head)))
        chrom = _exactly(pipe, n_name).decode("utf-8", errors="surrogateescape")
        values = np.frombuffer(_exactly(pipe, 4 * n_values), dtype="<f4")
        bigwig.addEntries(stand_ins.get(chrom, chrom), start, values=values.tolist(), span=1, step=1)
    bigwig.close()
    if stand_ins:
        _rename(path, {name_bytes(stand_in): name_bytes(chrom) for chrom, stand_in in stand_ins.items()})


def _exactly(pipe: BinaryIO, size: int) -> bytes:
    data = pipe.read(size)
    if len(data) != size:
        raise EOFError("the sender stopped in the middle")
    return data


def _stand_ins(chroms: Iterable[str]) -> dict[str, str]:
    """A name of letters, of the same length in bytes and not used otherwise, for each that is not UTF-8."""
    taken = set(chroms)
    stand_ins: dict[str, str] = {}
    for chrom in chroms:
        if any("\ud800" <= letter <= "\udfff" for letter in chrom):
            names = map("".join, product(ascii_letters, repeat=len(name_bytes(chrom))))
            stand_ins[chrom] = next(name for name in names if name not in taken)
            taken.add(stand_ins[chrom])
    return stand_ins


def _rename(path: str, names: Mapping[bytes, bytes]) -> None:
    with open(path, "r+b") as file:
        file.seek(_TREE_OFFSET_AT)
        (tree,) = _CHILD.unpack(file.read(_CHILD.size))
        file.seek(tree)
        key_bytes = _TREE_HEAD.unpack(file.read(_TREE_HEAD.size))[2]
        _rename_node(file, file.tell(), key_bytes, names)


def _rename_node(file: BinaryIO, at: int, key_bytes: int, names: Mapping[bytes, bytes]) -> None:
    """Keys of a node and of those below it; each key is padded with zeros to the longest."""
    file.seek(at)
    is_leaf, n_items = _NODE_HEAD.unpack(file.read(_NODE_HEAD.size))
    for number in range(n_items):
        item = at + _NODE_HEAD.size + number * (key_bytes + _LEAF_VALUE_BYTES)
        file.seek(item)
        key = file.read(key_bytes).rstrip(b"\0")
        value = file.read(_LEAF_VALUE_BYTES)
        file.seek(item)
        file.write(names.get(key, key).ljust(key_bytes, b"\0"))
        if not is_leaf:
            (child,) = _CHILD.unpack(value)
            _rename_node(file, child, key_bytes, names)


if __name__ == "__main__":
    write_from_pipe(sys.argv[1], sys.stdin.buffer)
