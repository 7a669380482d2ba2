"""Windows in bins: everything is answered once, and mirrored contigs have mirrored windows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.errors import InputError
from dna_mamba.genome import Contig, Interval
from dna_mamba.scoring.predictions import units as units_module
from dna_mamba.scoring.predictions.units import AlongReading, units_of


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


def test_windows_make_sense():
    with pytest.raises(InputError):
        AlongReading(40, 40).check(1)
    with pytest.raises(InputError):
        AlongReading(7, 0).check(8)
    AlongReading(0, 8192).check(1)
