import gzip

import numpy as np
import pytest

from dna_mamba.errors import InputError
from dna_mamba.io.bedgraph import Stretch, write_bedgraph

STRETCHES = [Stretch("b", 3, np.array([0.1, -2.5], np.float32)), Stretch("a", 0, np.array([1 / 3], np.float32))]
TEXT = "#h\nb\t3\t4\t0.100000001\nb\t4\t5\t-2.5\na\t0\t1\t0.333333343\n"


@pytest.mark.parametrize("name", ["x.bedgraph", "x.bedgraph.gz"])
def test_lines(tmp_path, name):
    write_bedgraph(tmp_path / name, STRETCHES, header=["#h"])
    data = (tmp_path / name).read_bytes()
    assert (gzip.decompress(data) if name.endswith("gz") else data).decode() == TEXT
    with pytest.raises(InputError, match="exists already"):
        write_bedgraph(tmp_path / name, STRETCHES)


def test_names_keep_their_bytes(tmp_path):
    target = tmp_path / "caf\udce9.bedgraph"
    write_bedgraph(target, [Stretch("caf\udce9", 3, np.array([1.0], np.float32))])
    assert target.read_bytes() == b"caf\xe9\t3\t4\t1\n"


def test_long_stretches_restore_their_values(tmp_path):
    values = np.random.default_rng(0).normal(size=70_000).astype(np.float32)
    write_bedgraph(tmp_path / "x.bg", [Stretch("c", 7, values)])
    rows = [line.split("\t") for line in (tmp_path / "x.bg").read_text().splitlines()]
    assert [int(row[1]) for row in rows] == list(range(7, 70_007))
    np.testing.assert_array_equal(np.array([row[3] for row in rows], dtype=np.float32), values)


def test_a_stretch_that_fails_leaves_nothing(tmp_path):
    def stretches():
        yield STRETCHES[0]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_bedgraph(tmp_path / "x.bedgraph.gz", stretches())
    assert not list(tmp_path.iterdir())
