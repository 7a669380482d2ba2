import re

import numpy as np
import pytest

from dna_mamba.data.folds import FoldPlan, make_folds
from dna_mamba.errors import InputError
from tests.data.folds.rows import labelled

CLASSES = np.random.default_rng(0).choice(3, 217, p=[0.6, 0.3, 0.1])


def parts_are_disjoint_and_whole(folds, n_rows):
    for fold in folds:
        rows = np.concatenate([fold.train, fold.validation, fold.test])
        assert sorted(rows.tolist()) == list(range(n_rows))
        assert all((np.diff(part) > 0).all() for part in fold[1:])


def all_tested_once(folds, n_rows):
    assert sorted(np.concatenate([fold.test for fold in folds]).tolist()) == list(range(n_rows))


@pytest.mark.parametrize("kind", ["stratified", "k-fold"])
def test_every_row_is_all_tested_once(kind):
    folds = make_folds(labelled(CLASSES), FoldPlan(kind=kind))
    assert len(folds) == 5
    parts_are_disjoint_and_whole(folds, len(CLASSES))
    all_tested_once(folds, len(CLASSES))
    assert {len(fold.test) for fold in folds} == {43, 44}


def test_strata_are_spread_over_folds_and_validation():
    for fold in make_folds(labelled(CLASSES), FoldPlan(validation=0.2)):
        for index in range(3):
            share = (index == CLASSES).mean()
            assert abs((CLASSES[fold.test] == index).sum() - share * len(fold.test)) <= 1
            assert abs((CLASSES[fold.validation] == index).sum() - share * len(fold.validation)) <= 1.5
        assert len(fold.validation) == pytest.approx(0.2 * (len(fold.train) + len(fold.validation)), abs=1)


def test_targets_are_spread_by_their_value():
    values = np.random.default_rng(1).normal(size=(100, 1))
    folds = make_folds(labelled(values, task="regression"), FoldPlan(n_folds=4))
    quarter = np.argsort(np.argsort(values[:, 0])) // 20
    for fold in folds:
        assert np.bincount(quarter[fold.test]).tolist() == [5] * 5


def test_equal_seeds_give_equal_folds():
    plans = [FoldPlan(seed=seed, repeats=2) for seed in (3, 3, 4)]
    first, second, other = (make_folds(labelled(CLASSES), plan) for plan in plans)
    for one, same in zip(first, second, strict=True):
        assert [part.tolist() for part in one[1:]] == [part.tolist() for part in same[1:]]
    assert not np.array_equal(first[0].test, other[0].test)
    assert not np.array_equal(first[0].test, first[5].test)
    all_tested_once(first[5:], len(CLASSES))
    assert len({fold.name for fold in first}) == 10


@pytest.mark.parametrize("kind", ["group", "homology", "leave-group-out", "leave-chromosome-out"])
def test_a_group_is_never_on_two_sides(kind):
    groups = np.random.default_rng(2).integers(12, size=len(CLASSES))
    names = [f"g{group}" for group in groups]
    rows = labelled(CLASSES, groups=names, chroms=names)
    folds = make_folds(rows, FoldPlan(kind=kind), groups)
    assert len(folds) == (5 if kind in ("group", "homology") else 12)
    parts_are_disjoint_and_whole(folds, len(CLASSES))
    all_tested_once(folds, len(CLASSES))
    for fold in folds:
        sides = [set(groups[part].tolist()) for part in fold[1:]]
        assert len(fold.validation)
        assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])


def test_fewer_groups_than_five_are_as_many_folds():
    names = [f"g{row % 3}" for row in range(len(CLASSES))]
    folds = make_folds(labelled(CLASSES, groups=names), FoldPlan(kind="group"))
    assert len(folds) == 3
    all_tested_once(folds, len(CLASSES))


def test_classes_are_spread_as_well_as_groups_allow():
    groups = np.arange(len(CLASSES)) // 3
    folds = make_folds(labelled(CLASSES, groups=list(map(str, groups))), FoldPlan(kind="group"))
    for fold in folds:
        assert len(fold.test) == pytest.approx(217 / 5, abs=4)
        assert (CLASSES[fold.test] == 0).mean() == pytest.approx((CLASSES == 0).mean(), abs=0.06)


def test_one_large_family_fills_a_fold_and_the_others_none_empty():
    groups = np.array([0] * 150 + list(range(1, 68)))
    folds = make_folds(labelled(CLASSES), FoldPlan(kind="homology"), groups)
    sizes = sorted(len(fold.test) for fold in folds)
    assert sizes[-1] == 150
    assert sizes[0] >= 15


def test_folds_of_a_column_are_those_of_the_column():
    column = [["1", "2", "10"][row % 3] for row in range(len(CLASSES))]
    folds = make_folds(labelled(CLASSES, folds=column), FoldPlan(kind="column"))
    assert [fold.name for fold in folds] == ["fold 1", "fold 2", "fold 10"]
    assert all({column[row] for row in fold.test} == {name} for fold, name in zip(folds, ("1", "2", "10"), strict=True))
    parts_are_disjoint_and_whole(folds, len(CLASSES))


def test_train_validation_and_test_are_one_fold():
    column = (["Train"] * 150 + ["dev"] * 30 + ["test"] * 37)[: len(CLASSES)]
    (fold,) = make_folds(labelled(CLASSES, folds=column), FoldPlan(kind="column"))
    assert (len(fold.train), len(fold.validation), len(fold.test)) == (150, 30, 37)
    without = ["train" if name == "dev" else name for name in column]
    (fold,) = make_folds(labelled(CLASSES, folds=without), FoldPlan(kind="column"))
    assert (len(fold.train) + len(fold.validation), len(fold.validation)) == (180, 18)
    assert len(make_folds(labelled(CLASSES, folds=without), FoldPlan(kind="column", validation=0))[0].validation) == 0


@pytest.mark.parametrize(
    ("rows", "plan", "told"),
    [
        (labelled([0] * 20 + [1] * 3), {}, "data.tsv: class 'c1' has 3 rows, fewer than the 5 folds"),
        (labelled([0, 1, 1]), {"kind": "k-fold"}, "3 rows for 5 folds"),
        (labelled([0, 1] * 9, groups=["a", "b"] * 9), {"kind": "group", "n_folds": 5}, "2 groups for 5 folds"),
        (labelled([0, 1] * 9, groups=["a"] * 18), {"kind": "group"}, "1 groups for 2 folds; choose other folds"),
        (labelled([0, 1] * 9), {"kind": "group"}, "name it with --group"),
        (labelled([0, 1] * 9), {"kind": "column"}, "name it with --fold-column"),
        (labelled([0, 1] * 9), {"kind": "leave-chromosome-out"}, "name it with --chrom-column"),
        (labelled([0, 1] * 9, chroms=["chr1"] * 18), {"kind": "leave-chromosome-out"}, "of one group ('chr1')"),
        (labelled([0, 1] * 9, folds=["x"] * 18), {"kind": "column"}, "has one value ('x')"),
        (labelled([0, 1] * 9, folds=["train", "3"] * 9), {"kind": "column"}, "says '3' beside 'train'"),
        (labelled([0, 1] * 9, folds=["train"] * 18), {"kind": "column"}, "has no 'test'"),
        (labelled([0, 1] * 9, folds=["a", "b"] * 9), {"kind": "column"}, "have none of class 'c0'"),
        (
            labelled(np.repeat([[1.0], [2.0]], 9, axis=0), task="regression", folds=["a"] * 9 + ["b"] * 9),
            {"kind": "column"},
            "label 'c0' never varies in the training rows of fold a",
        ),
    ],
)
def test_folds_that_cannot_be_made_are_one_line(rows, plan, told):
    with pytest.raises(InputError, match=re.escape(told)) as error:
        make_folds(rows, FoldPlan(**plan))
    assert "\n" not in str(error.value) and error.value.remedy


def test_a_class_of_which_the_training_rows_have_none_is_named():
    rows = labelled([0] * 10 + [1] * 10 + [2] * 10, folds=["a"] * 20 + ["b"] * 10)
    with pytest.raises(InputError, match="training rows of fold a have none of class 'c0'"):
        make_folds(rows, FoldPlan(kind="column"))
