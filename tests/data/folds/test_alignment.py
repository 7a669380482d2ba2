import numpy as np
import pytest

from dna_mamba.data.folds.alignment import JoinedRows, LaidPairs, edits_gapped, edits_ungapped
from tests.data.folds.rows import codes_of, mutated, random_rows


def laid(query, target, reverse=False, shift=0):
    return LaidPairs(np.array([query]), np.array([target]), np.array([reverse]), np.array([shift]))


@pytest.mark.parametrize(
    ("query", "target", "reverse", "shift", "edits"),
    [
        ("ACGTAC", "ACGTAC", False, 0, 0),
        ("ACGTAC", "ACCTAC", False, 0, 1),
        ("ACGTAC", "TTACGTACTT", False, 2, 0),
        ("ACGTAC", "CGTACTT", False, -1, 1),
        ("AACCGT", "ACGGTT", True, 0, 0),
        ("ACNTAC", "ACNTAC", False, 0, 1),
    ],
)
def test_edits_on_a_diagonal(query, target, reverse, shift, edits):
    rows = JoinedRows.of([codes_of(query), codes_of(target)])
    assert edits_ungapped(rows, laid(0, 1, reverse, shift)).tolist() == [edits]


def distance_within(query, target):
    """Sellers' table, a cell at a time."""
    costs = [0] * (len(target) + 1)
    for row, base in enumerate(query, start=1):
        before, costs = costs, [row]
        for column, other in enumerate(target, start=1):
            costs.append(min(before[column - 1] + (base != other), before[column] + 1, costs[-1] + 1))
    return min(costs)


def test_edits_in_a_band_are_those_of_the_whole_table():
    generator = np.random.default_rng(5)
    queries = random_rows(40, 80, seed=5)
    targets = [mutated(codes, 6, generator, gaps=0.7) for codes in queries]
    rows = JoinedRows.of(queries + targets)
    pairs = LaidPairs(np.arange(40), np.arange(40, 80), np.zeros(40, dtype=bool), np.zeros(40, dtype=np.int64))
    found = edits_gapped(rows, pairs, np.full(80, 12))
    assert found.tolist() == [distance_within(q, t) for q, t in zip(queries, targets, strict=True)]


def test_each_candidate_once_with_how_often_its_pair_came():
    some = LaidPairs(*(np.array(values) for values in ([0, 0, 0, 1], [2, 2, 2, 3], [False] * 4, [5, 5, 6, 1])))
    unique, counts = some.unique()
    assert unique.shift.tolist() == [5, 6, 1]
    assert counts.tolist() == [3, 3, 1]
