"""Windows in bins: everything is answered once, and mirrored contigs have mirrored windows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.errors import InputError
from dna_mamba.genome import Contig, Interval
from dna_mamba.scoring.predictions import units as units_module
from dna_mamba.scoring.predictions.units import AlongReading, how_read, units_of


@given(st.integers(0, 500), st.integers(1, 9), st.integers(1, 60))
def test_every_bin_is_answered_once(length, bin_bp, window_bins):
    reading = AlongReading(window_bins * bin_bp, (window_bins // 3) * bin_bp)
    units = units_of([Contig("c", length)], {"c": [Interval("c", 0, length)]}, reading, bin_bp)
    answered = [at for unit in units for at in range(unit.start, unit.end)]
    assert answered == list(range(length // bin_bp * bin_bp))
    assert sum(unit.n_bins for unit in units) == length // bin_bp


def test_regions_choose_windows_and_parts_are_of_a_size(monkeypatch):
    monkeypatch.setattr(units_module, "PART_BP", 50)
    contigs, reading = [Contig("c", 1000), Contig("d", 100)], AlongReading(40, 10)
    units = units_of(contigs, {"d": [Interval("d", 50, 51)], "c": [Interval("c", 300, 500)]}, reading, 1)
    assert [unit.chrom for unit in units] == sorted(unit.chrom for unit in units)
    assert units[0].start <= 300 and units[-2].end >= 500 and units[-1].chrom == "d"
    assert all(unit.end - unit.start <= 50 + 40 for unit in units)


def default_units(length, bin_bp=1):
    return units_of([Contig("c", length)], {"c": [Interval("c", 0, length)]}, AlongReading(), bin_bp)


@pytest.mark.parametrize("length", [200, 1_531_933, 1_966_080])
def test_contigs_as_long_as_those_of_yeast_are_read_whole(length):
    (unit,) = default_units(length)
    assert unit.tiles == [(0, length, 0, length)] and unit.is_whole(length)
    assert default_units(length, 128)[0].is_whole(length)


@pytest.mark.parametrize(("length", "bin_bp"), [(1_966_081, 1), (4_641_652, 1), (248_956_422, 1), (248_956_422, 128)])
def test_what_is_read_at_once_does_not_grow_with_longer_contigs(length, bin_bp):
    """Every base but those near the contig's ends is answered from 65,536 bases or more on either side."""
    units = default_units(length, bin_bp)
    tiles = [tile for unit in units for tile in unit.tiles]
    assert max(tile.end - tile.start for tile in tiles) * bin_bp <= (1 << 20) + bin_bp
    assert max(unit.end - unit.start for unit in units) <= 1 << 20
    assert all(tile.start == 0 or (tile.keep_start - tile.start) * bin_bp >= 65_536 for tile in tiles)
    n_bins = length // bin_bp
    assert all(tile.end == n_bins or (tile.end - tile.keep_end) * bin_bp >= 65_536 for tile in tiles)


def test_how_contigs_are_read_is_said():
    contigs, reading = [Contig("long", 1000), Contig("short", 60), Contig("far", 10)], AlongReading(40, 10)
    regions = {chrom: [Interval(chrom, 0, length)] for chrom, length in contigs}
    said = how_read(units_of(contigs, regions, reading, 1), contigs, reading)
    assert said == "contigs: 2 read whole, exactly; 1 in windows of 40 bp, overlap 10 bp or more"
    whole = AlongReading(0)
    assert how_read(units_of(contigs, regions, whole, 8), contigs, whole) == "contigs: 3 read whole, exactly"
    del regions["short"], regions["far"]
    said = how_read(units_of(contigs, regions, reading, 1), contigs, reading)
    assert said == "contigs: 1 in windows of 40 bp, overlap 10 bp or more"
    assert how_read([], contigs, reading) == "contigs: none"


def test_windows_make_sense():
    with pytest.raises(InputError):
        AlongReading(40, 40).check(1)
    with pytest.raises(InputError):
        AlongReading(7, 0).check(8)
    AlongReading(0, 8192).check(1)
