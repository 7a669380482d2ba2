import re

import numpy as np
import pytest

from dna_mamba.alphabet import reverse_complement_codes
from dna_mamba.data.folds.families import own_families, read_families
from dna_mamba.errors import InputError
from tests.data.folds.rows import labelled, random_rows

ROWS = labelled([0, 1] * 3)
PAF = "r0\t40\t0\t40\t-\tr3\t40\t0\t40\t38\t40\t60\tcg:Z:40M\n"


def families_of(tmp_path, text, rows=ROWS):
    path = tmp_path / "families.tsv"
    path.write_text(text)
    return read_families(path, rows)


def test_families_of_our_own_hold_for_either_strand():
    base = random_rows(4, 120)
    rows = [*base, reverse_complement_codes(base[2]), base[0][30:]]
    found = own_families(labelled([0, 1] * 3, rows))
    assert found.number.tolist() == [0, 1, 2, 3, 2, 0]
    assert "4 families of 6 rows" in found.notes[0]


def test_short_rows_are_families_of_their_own():
    found = own_families(labelled([0, 1], random_rows(2, 8)))
    assert found.number.tolist() == [0, 1]
    assert "2 rows are shorter than 11 bp" in found.notes[1]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("r0\tr0\nr0\tr4\nr1\tr1\n", [0, 1, 2, 3, 0, 4]),
        ("r1\tr3\nr3\tr5\n", [0, 1, 2, 1, 3, 1]),
        ("r0\tr3\t65\nr4\tr5\t80.5\n", [0, 1, 2, 0, 3, 3]),
        ("r5_Reversed\t0\nr5\t0\nr2\t0\nr1\t7\nr1_Reversed\t7\n", [0, 1, 2, 3, 4, 2]),
        (PAF, [0, 1, 2, 0, 3, 4]),
        (PAF.replace("0\t40\t-", "0\t10\t-").replace("r3\t40\t0\t40", "r3\t40\t0\t12"), [0, 1, 2, 3, 4, 5]),
    ],
    ids=["mmseqs2", "through others", "pairs with scores", "hashfrag groups", "paf", "paf of a short alignment"],
)
def test_families_of_other_programs(tmp_path, text, number):
    assert families_of(tmp_path, text).number.tolist() == number


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("r0\tr9\nx\tr1\n", "families.tsv:2: no row has the id 'x'"),
        ("r0\n", "families.tsv:1: 1 tab-separated columns"),
        ("", "names no families"),
        (PAF.replace("r3", "z"), "families.tsv:1: no row has the id 'z'"),
        (PAF + "r0\t40\n", "families.tsv:2: 2 tab-separated columns, not 12"),
        (PAF.replace("40\t0\t40\t-", "40\tx\t40\t-"), "families.tsv:1: lengths and positions are not numbers"),
    ],
)
def test_what_is_no_output_of_these_rows_is_refused(tmp_path, text, told):
    with pytest.raises(InputError, match=re.escape(told)):
        families_of(tmp_path, text)


def test_a_large_family_takes_no_longer_than_its_pairs():
    generator = np.random.default_rng(0)
    base = random_rows(1, 100)[0]
    rows = []
    for _ in range(300):
        codes = base.copy()
        codes[generator.integers(100)] ^= 1
        rows.append(codes)
    assert own_families(labelled(np.arange(300) % 2, rows)).number.max() == 0
