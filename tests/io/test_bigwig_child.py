import io
import json
import struct

import numpy as np
import pytest

from dna_mamba.io.bigwig_child import HEADER, STRETCH, name_bytes, write_from_pipe

VALUES = np.array([0.5, -1.25, 3.0], dtype="<f4")


def sent(contigs, stretches) -> bytes:
    header = json.dumps(contigs).encode()
    data = HEADER.pack(len(header)) + header
    for chrom, start, values in stretches:
        data += STRETCH.pack(len(name_bytes(chrom)), start, len(values)) + name_bytes(chrom) + values.tobytes()
    return data


def test_what_was_sent_is_in_the_file(tmp_path):
    pyBigWig = pytest.importorskip("pyBigWig")
    path = str(tmp_path / "x.bw")
    write_from_pipe(path, io.BytesIO(sent([["b", 100], ["é", 50]], [("b", 7, VALUES), ("é", 0, VALUES[:1])])))
    with pyBigWig.open(path) as file:
        assert file.chroms() == {"b": 100, "é": 50}
        assert file.values("b", 7, 10) == [0.5, -1.25, 3.0] and file.values("é", 0, 1) == [0.5]


def test_names_that_are_not_utf8_stand_in_the_tree_of_contigs(tmp_path):
    """Read as the format says: offset of the tree at byte 8, then 32 bytes of its head and 4 of its only leaf."""
    pytest.importorskip("pyBigWig")
    path = tmp_path / "x.bw"
    contigs = [["a", 10], ["\udce9", 20], ["caf\udce9", 30]]
    write_from_pipe(str(path), io.BytesIO(sent(contigs, [(chrom, 1, VALUES) for chrom, _ in contigs])))
    data = path.read_bytes()
    (tree,) = struct.unpack_from("<Q", data, 8)
    magic, _, key_bytes = struct.unpack_from("<III", data, tree)
    assert magic == 0x78CA8C91
    items = [struct.unpack_from(f"<{key_bytes}sII", data, tree + 36 + i * (key_bytes + 8)) for i in range(3)]
    assert [(key.rstrip(b"\0"), number, length) for key, number, length in items] == [
        (b"a", 0, 10),
        (b"\xe9", 1, 20),
        (b"caf\xe9", 2, 30),
    ]


def test_a_pipe_that_ends_in_the_middle_is_an_error(tmp_path):
    pytest.importorskip("pyBigWig")
    whole = sent([["a", 10]], [("a", 1, VALUES)])
    for end in (3, 12, len(whole) - 1):
        with pytest.raises(EOFError):
            write_from_pipe(str(tmp_path / f"{end}.bw"), io.BytesIO(whole[:end]))
