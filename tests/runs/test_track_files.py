"""Which files tracks go to, and what of a stretch is written."""

import numpy as np
import pytest

from dna_mamba.errors import InputError
from dna_mamba.genome import Contig, Interval
from dna_mamba.io.bedgraph import Stretch
from dna_mamba.runs.track_files import TrackFile, check_files, track_files, write_track
from dna_mamba.scoring.tracks.quantities import parse_track
from tests.worlds import small_model

ENTROPY, PROBABILITY = (parse_track(name, small_model()) for name in ("entropy", "probability:A"))
CONTIGS = [Contig("b", 20), Contig("a", 10)]


def paths(name, *tracks):
    return [path for _, path in track_files(name, tracks)]


def test_one_track_goes_to_the_file_that_is_named():
    for name in ("out.bw", "out.bedGraph.gz", "-", "/x/y.entropy.bg"):
        assert paths(name, ENTROPY) == [name]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("out.bw", "out.entropy.bw"),
        ("dir.bw/out.bedGraph.gz", "dir.bw/out.entropy.bedGraph.gz"),
        ("out.v1.BG", "out.v1.entropy.BG"),
        (".bw", ".bw.entropy"),
        ("out", "out.entropy"),
        ("my.gz.bw", "my.entropy.gz.bw"),
    ],
)
def test_of_several_each_has_its_name_before_the_suffixes(name, expected):
    first, second = paths(name, ENTROPY, PROBABILITY)
    assert (first, second) == (expected, expected.replace("entropy", "probability-A"))


def test_standard_output_takes_one(tmp_path):
    check_files(track_files("-", [ENTROPY]), CONTIGS)
    with pytest.raises(InputError, match="2 tracks on standard output; name a file"):
        check_files(track_files("-", [ENTROPY, PROBABILITY]), CONTIGS)
    with pytest.raises(InputError, match=r"out\.txt: no track suffix; end it in \.bw, \.bedgraph"):
        check_files([TrackFile(ENTROPY, "out.txt")], CONTIGS)
    check_files([TrackFile(ENTROPY, "OUT.BEDGRAPH.GZ")], CONTIGS)


NAN = np.nan
STRETCHES = [
    Stretch("b", 3, np.array([1, 2, NAN, 4, 5, 6], np.float32)),
    Stretch("b", 9, np.array([7, 8], np.float32)),
    Stretch("a", 0, np.array([9, NAN], np.float32)),
]


def written(tmp_path, regions, name="out.bg"):
    header = ["##one", "##two"]
    write_track(TrackFile(ENTROPY, str(tmp_path / name)), CONTIGS, STRETCHES, regions, header, force=True)
    *above, about = [line for line in (tmp_path / name).read_text().splitlines() if line.startswith("#")]
    assert above == header and about.startswith("#entropy: - sum p ln p")
    lines = [line.split("\t") for line in (tmp_path / name).read_text().splitlines() if not line.startswith("#")]
    return {(chrom, int(start)): float(value) for chrom, start, _, value in lines}


def test_bases_without_a_value_are_left_out(tmp_path):
    everywhere = {"b": [Interval("b", 0, 20)], "a": [Interval("a", 0, 10)]}
    known = {3: 1, 4: 2, 6: 4, 7: 5, 8: 6, 9: 7, 10: 8}
    assert written(tmp_path, everywhere) == {**{("b", pos): value for pos, value in known.items()}, ("a", 0): 9}


@pytest.mark.parametrize(
    ("places", "kept"),
    [
        ([(0, 2)], []),
        ([(0, 3)], []),
        ([(0, 4)], [3]),
        ([(10, 20)], [10]),
        ([(11, 20)], []),
        ([(4, 7)], [4, 6]),
        ([(8, 10), (3, 4), (7, 9)], [3, 7, 8, 9]),
        ([(5, 6), (6, 6)], []),
    ],
)
def test_bases_outside_the_regions_are_left_out(tmp_path, places, kept):
    regions = {"b": [Interval("b", start, end) for start, end in places], "a": []}
    assert [pos for _, pos in written(tmp_path, regions)] == kept


def test_the_suffix_makes_the_format(tmp_path):
    pyBigWig = pytest.importorskip("pyBigWig")
    file = TrackFile(ENTROPY, str(tmp_path / "out.BW"))
    write_track(file, CONTIGS, STRETCHES, {"b": [Interval("b", 4, 9)], "a": []}, [], force=False)
    with pyBigWig.open(file.path) as bigwig:
        assert bigwig.chroms() == {"b": 20, "a": 10}
        assert bigwig.values("b", 4, 9)[:1] + bigwig.values("b", 6, 9) == [2, 4, 5, 6]
    with pytest.raises(InputError, match="exists already"):
        write_track(file, CONTIGS, STRETCHES, {"b": [], "a": []}, [], force=False)
