from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.sequences.tiling import Tile, tile, tiles_touching


@given(st.integers(1, 400), st.integers(1, 60), st.data())
def test_windows_cover_a_contig_once_and_mirror_it(length, window_bp, data):
    overlap_bp = data.draw(st.integers(0, window_bp - 1))
    tiles = tile(length, window_bp, overlap_bp)
    assert (tiles[0].start, tiles[0].keep_start, tiles[-1].keep_end, tiles[-1].end) == (0, 0, length, length)
    for left, right in pairwise(tiles):
        assert left.keep_end == right.keep_start
        assert left.end - right.start >= overlap_bp
        assert abs((left.end - left.keep_end) - (right.keep_start - right.start)) <= 1
    for window in tiles:
        assert window.start <= window.keep_start < window.keep_end <= window.end
        assert len(tiles) == 1 or window_bp <= window.end - window.start <= window_bp + 1
    assert [
        Tile(length - t.end, length - t.start, length - t.keep_end, length - t.keep_start) for t in tiles[::-1]
    ] == (tiles)


def test_whole_contigs():
    assert len(tile(150, 100, 50)) == 1 and len(tile(151, 100, 50)) == 3
    assert tile(1000, 0, 64) == [Tile(0, 1000, 0, 1000)]
    assert tile(0, 10, 2) == tile(0, 0, 0) == []


@pytest.mark.parametrize(("window_bp", "overlap_bp"), [(-1, 0), (10, 10), (10, -1)])
def test_windows_that_make_no_sense(window_bp, overlap_bp):
    with pytest.raises(InputError, match="less than the window"):
        tile(100, window_bp, overlap_bp)


def test_windows_are_chosen_by_what_they_keep():
    tiles = tile(300, 48, 17)
    regions = [Interval("c", 200, 210), Interval("c", 5, 9), Interval("c", 6, 7), Interval("c", 90, 90)]
    kept = [base for window in tiles_touching(tiles, regions) for base in range(window.keep_start, window.keep_end)]
    assert {*range(5, 9), *range(200, 210)} <= set(kept) and len(tiles_touching(tiles, regions)) < len(tiles)
    assert tiles_touching(tiles, [Interval("c", 0, 300)]) == tiles and tiles_touching(tiles, []) == []
