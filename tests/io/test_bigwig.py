import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

from dna_mamba.errors import InputError, MachineError
from dna_mamba.genome import Contig
from dna_mamba.io import bigwig
from dna_mamba.io.bedgraph import Stretch
from dna_mamba.io.bigwig import check_bigwig, write_bigwig

CONTIGS = [Contig("b", 100_000), Contig("a", 10), Contig("empty", 5)]
VALUES = np.random.default_rng(0).normal(size=5000).astype(np.float32)
STRETCHES = [Stretch("b", 3, VALUES), Stretch("b", 90_000, VALUES[:7]), Stretch("a", 9, VALUES[:1])]


def test_values_come_back_and_equal_runs_are_equal_bytes(tmp_path, monkeypatch):
    pyBigWig = pytest.importorskip("pyBigWig")
    monkeypatch.setattr(bigwig, "_VALUES_AT_A_TIME", 999)
    for name in ("x.bw", "y.bw"):
        write_bigwig(tmp_path / name, CONTIGS, STRETCHES)
    assert (tmp_path / "x.bw").read_bytes() == (tmp_path / "y.bw").read_bytes()
    with pyBigWig.open(str(tmp_path / "x.bw")) as file:
        assert file.chroms() == dict(CONTIGS)
        np.testing.assert_array_equal(np.array(file.values("b", 3, 5003), np.float32), VALUES)
        assert len(file.intervals("b")) == 5007 and file.intervals("a")[0][:2] == (9, 10)
        assert file.intervals("empty") is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.bw", "y.bw"]


@pytest.mark.parametrize("n_contigs", [3, 1000])
def test_names_that_are_not_utf8_are_written_as_they_are(tmp_path, n_contigs):
    """Also where the tree of contigs has more than one level."""
    pyBigWig = pytest.importorskip("pyBigWig")
    others = [Contig(f"contig{i:05}", 10 + i) for i in range(n_contigs)]
    contigs = [Contig("caf\udce9", 50), Contig("\udce9", 60), Contig("a", 70), *others]
    target = tmp_path / "caf\udce9.bw"
    write_bigwig(target, contigs, [Stretch(chrom, 3, VALUES[:4]) for chrom, _ in contigs])
    written = target.read_bytes()
    plain = [Contig("cafe", 50), Contig("e", 60), *contigs[2:]]
    write_bigwig(tmp_path / "plain.bw", plain, [Stretch(chrom, 3, VALUES[:4]) for chrom, _ in plain])
    key_bytes = max(len(chrom) for chrom, _ in plain)
    expected = (tmp_path / "plain.bw").read_bytes()
    for old, new in ((b"cafe", b"caf\xe9"), (b"e", b"\xe9")):
        assert expected.count(old.ljust(key_bytes, b"\0")) >= 1
        expected = expected.replace(old.ljust(key_bytes, b"\0"), new.ljust(key_bytes, b"\0"))
    assert written == expected
    with pyBigWig.open(str(tmp_path / "plain.bw")) as file:
        assert file.intervals("e")[0][:2] == (3, 4)


def test_a_writer_that_dies_leaves_the_old_file(tmp_path):
    pytest.importorskip("pyBigWig")
    (tmp_path / "x.bw").write_text("mine")
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")

    def stretches():
        yield STRETCHES[0]
        writers = []
        while not writers:  # it has begun a moment ago
            pids = children.read_text().split()
            writers = [pid for pid in pids if "bigwig" in Path(f"/proc/{pid}/cmdline").read_text()]
        for pid in writers:
            os.kill(int(pid), signal.SIGKILL)
        for _ in range(100):
            yield STRETCHES[0]

    if not children.exists():
        pytest.skip("needs /proc")
    with pytest.raises(MachineError, match=r"x\.bw: writing the bigWig file ended by SIGKILL .* MiB are free"):
        write_bigwig(tmp_path / "x.bw", CONTIGS, stretches(), force=True)
    assert (tmp_path / "x.bw").read_text() == "mine" and len(list(tmp_path.iterdir())) == 1


def test_what_cannot_become_a_bigwig(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="32 bits"):
        check_bigwig(tmp_path / "x.bw", [Contig("c", 2**32)])
    for path in ("-", "/dev/null"):
        with pytest.raises(InputError, match=r"write \.bedgraph"):
            check_bigwig(path, CONTIGS)
    monkeypatch.setitem(sys.modules, "pyBigWig", None)
    with pytest.raises(InputError, match=r"pip install 'dna-mamba\[bigwig\]'"):
        check_bigwig(tmp_path / "x.bw", CONTIGS)
