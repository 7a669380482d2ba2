import numpy as np
import pytest

from dna_mamba.alphabet import reverse_complement_codes
from dna_mamba.data.folds import Fold, FoldPlan, make_folds
from dna_mamba.data.folds.families import own_families
from dna_mamba.data.folds.leak_report import apply_policy, find_leaks
from dna_mamba.errors import InputError
from tests.data.folds.rows import labelled, mutated, random_rows

LENGTH = 200


def planted():
    """80 rows of which the last eight are made of the first: two equal, two mirrored, three near, one overlapping."""
    generator = np.random.default_rng(3)
    base = random_rows(72, LENGTH, seed=3)
    (beyond,) = random_rows(1, 60, seed=9)
    made = [
        base[0],
        base[1],
        reverse_complement_codes(base[2]),
        reverse_complement_codes(base[3]),
        mutated(base[4], 10, generator),
        reverse_complement_codes(mutated(base[5], 10, generator)),
        mutated(base[6], 8, generator, gaps=0.5),
        np.concatenate([base[7][60:], beyond]),
    ]
    return labelled(np.arange(80) % 2, base + made)


def split(n_rows=80, n_tested=8):
    rows = np.arange(n_rows)
    return [Fold("test", rows[: n_rows - 2 * n_tested], rows[n_rows - 2 * n_tested : -n_tested], rows[-n_tested:])]


def test_what_was_planted_is_found_counted_and_named():
    leaks = find_leaks(planted(), split())
    assert [(leak.kind, leak.test_id, leak.training_id) for leak in leaks.leaks] == [
        ("exact", "r72", "r0"),
        ("exact", "r73", "r1"),
        ("reverse-complement", "r74", "r2"),
        ("reverse-complement", "r75", "r3"),
        ("near", "r76", "r4"),
        ("near", "r77", "r5"),
        ("near", "r78", "r6"),
        ("related", "r79", "r7"),
    ]
    facts = leaks.facts("keep")
    assert (facts["exact"], facts["reverse_complement"], facts["near"], facts["related"]) == (2, 2, 3, 1)
    assert facts["per_fold"]["test"]["near"] == 3
    assert facts["tested_rows"] == 8
    assert "exact duplicates in training: 2 of 8 tested rows (r72 ~ r0, r73 ~ r1)" in leaks.lines()


def test_rows_of_validation_count_as_training():
    rows = planted()
    fold = Fold("test", np.arange(8, 72), np.arange(8), np.arange(72, 80))
    assert find_leaks(rows, [fold]).count("exact") == 2


def test_copies_within_a_part_are_no_leak():
    fold = Fold("test", np.arange(8, 72), np.arange(0), np.concatenate([np.arange(8), np.arange(72, 80)]))
    assert find_leaks(planted(), [fold]).leaks == []


def test_dropping_takes_from_training_what_is_a_copy_and_nothing_else():
    rows, folds = planted(), split()
    (kept,) = apply_policy(rows, folds, find_leaks(rows, folds), "drop")
    assert sorted(set(folds[0].train) - set(kept.train)) == list(range(7))
    np.testing.assert_array_equal(kept.test, folds[0].test)
    assert [leak.kind for leak in find_leaks(rows, [kept]).leaks] == ["related"]


def test_keeping_changes_nothing():
    rows, folds = planted(), split()
    (kept,) = apply_policy(rows, folds, find_leaks(rows, folds), "keep")
    np.testing.assert_array_equal(kept.train, folds[0].train)


def test_refusing_names_how_many_and_the_first():
    rows, folds = planted(), split()
    with pytest.raises(InputError, match=r"7 tested rows are trained on \(2 exact, 2 rev.*first r72 ~ r0\)") as error:
        apply_policy(rows, folds, find_leaks(rows, folds), "refuse")
    assert "--leaks drop" in str(error.value)


def test_dropping_all_of_a_class_is_refused():
    base = random_rows(10, 60)
    rows = labelled([0] * 5 + [1] * 5 + [1] * 5, base + base[5:])
    fold = Fold("test", np.arange(10), np.arange(0), np.arange(10, 15))
    with pytest.raises(InputError, match="training rows of test have none of class 'c1'"):
        apply_policy(rows, [fold], find_leaks(rows, [fold]), "drop")


def test_what_was_not_looked_for_is_not_counted():
    ref, alt = random_rows(10, 60), random_rows(10, 60, seed=1)
    rows = labelled([0, 1] * 5, [*ref[:9], ref[0]], alternatives=[*alt[:9], alt[0]])
    fold = Fold("test", np.arange(9), np.arange(0), np.arange(9, 10))
    leaks = find_leaks(rows, [fold])
    facts = leaks.facts("keep")
    assert (facts["exact"], facts["near"], facts["related"]) == (1, None, None)
    assert len(leaks.lines()) == 3 and "not looked for" in leaks.lines()[2]


def test_other_labels_of_equal_sequences_are_counted():
    base = random_rows(20, 60)
    rows = labelled([0, 1] * 10 + [1, 1], [*base, base[0], base[1]])
    fold = Fold("test", np.arange(20), np.arange(0), np.arange(20, 22))
    assert find_leaks(rows, [fold]).facts("keep")["other_label"] == 1


def test_folds_by_homology_leak_nothing():
    rows = planted()
    plan = FoldPlan(kind="homology", n_folds=4)
    by_family = find_leaks(rows, make_folds(rows, plan, own_families(rows).number))
    by_class = find_leaks(rows, make_folds(rows, FoldPlan(n_folds=4)))
    assert by_family.leaks == []
    assert len(by_class.leaks) > 4
