"""What several scores are made of."""

import math

import numpy as np
import pytest

from dna_mamba.alphabet import encode_bases
from dna_mamba.inference.questions import WholeWindow
from dna_mamba.scoring.variants.scores.base import both_windows, changed_sites, log_ratio
from dna_mamba.sequences.windows import MaskedSite
from tests.scoring.variants.scores.hand import Letters

SUBSTITUTION = Letters("AC", "G", "T", "AA").pair
INSERTION = Letters("AC", "", "TT", "AA").pair
COMPLEX = Letters("AC", "GT", "TTA", "A").pair


def window(letters):
    return encode_bases(letters).tobytes()


def test_the_changed_bases_are_masked_one_by_one():
    site = MaskedSite(window("ACGAA"), 2)
    assert changed_sites(SUBSTITUTION) == ([site], [site])  # of the same window: it is masked there
    assert changed_sites(INSERTION) == ([], [MaskedSite(window("ACTTAA"), 2), MaskedSite(window("ACTTAA"), 3)])
    ref, alt = changed_sites(COMPLEX)
    assert ref == [MaskedSite(window("ACGTA"), i) for i in (2, 3)]
    assert alt == [MaskedSite(window("ACTTAA"), i) for i in (2, 3, 4)]


def test_both_windows_as_they_are():
    assert both_windows(COMPLEX) == [WholeWindow(window("ACGTA")), WholeWindow(window("ACTTAA"))]


@pytest.mark.parametrize(("pair", "more"), [(SUBSTITUTION, 0), (INSERTION, 2), (COMPLEX, 1)])
def test_a_base_counts_against_one_in_four(pair, more):
    assert log_ratio(-3.0, -5.0, pair) == np.float32(2 + more * math.log(4))
    uniform = math.log(1 / 4)
    assert log_ratio(uniform * len(pair.alt), uniform * len(pair.ref), pair) == pytest.approx(0, abs=1e-6)


def test_no_difference_is_zero_without_a_sign():
    assert math.copysign(1, log_ratio(-0.0, 0.0, SUBSTITUTION)) == 1
    assert math.copysign(1, log_ratio(-1e-60, 0.0, SUBSTITUTION)) == 1
