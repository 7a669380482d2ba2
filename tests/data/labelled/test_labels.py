import re

import numpy as np
import pytest

from dna_mamba.data.labelled.labels import natural_key, read_labels
from dna_mamba.errors import InputError


def read(columns, task=None, classes=None):
    columns = {"label": columns} if isinstance(columns, list) else columns
    n_rows = len(next(iter(columns.values())))
    places = [f"data.tsv:{row + 2}" for row in range(n_rows)]
    return read_labels(columns, places, source="data.tsv", task=task, classes=classes)


@pytest.mark.parametrize(
    ("cells", "task", "names", "labels"),
    [
        (["b", "a", "b"], "classification", ("a", "b"), [1, 0, 1]),
        (["10", "2", "10"], "classification", ("2", "10"), [1, 0, 1]),
        (["-1", "1", "0"], "classification", ("-1", "0", "1"), [0, 2, 1]),
        (["class10", "class2", "class2"], "classification", ("class2", "class10"), [1, 0, 0]),
        (["1.0", "0.0", "1.0"], "classification", ("0", "1"), [1, 0, 1]),
        (["0.5", "1", "2e-3"], "regression", ("label",), [[0.5], [1.0], [0.002]]),
        (["a;b", "b", ""], "multilabel", ("a", "b"), [[1, 1], [0, 1], [0, 0]]),
        (["+", "-", "+"], "classification", ("+", "-"), [0, 1, 0]),
    ],
)
def test_what_labels_are_is_guessed_and_said(cells, task, names, labels):
    found = read(cells)
    assert (found.task, found.names, found.labels.tolist()) == (task, names, labels)
    (note,) = found.notes
    assert task in note and "--task" in note


def test_a_task_that_is_given_is_not_guessed():
    assert read(["1", "2", "5"], "regression").labels.dtype == np.float64
    assert read(["0.5", "0.1", "0.5"], "classification").names == ("0.1", "0.5")
    assert read(["0.5", "0.1", "0.5"], "classification").notes == ()


def test_several_columns():
    many = read({"a": ["0", "1"], "b": ["1", "0"]})
    assert (many.task, many.names, many.labels.tolist()) == ("multilabel", ("a", "b"), [[0, 1], [1, 0]])
    targets = read({"a": ["0.5", "1"], "b": ["1", "7"]})
    assert (targets.task, targets.labels.tolist()) == ("regression", [[0.5, 1.0], [1.0, 7.0]])


def test_classes_that_are_given_keep_their_order():
    assert read(["b", "a"], classes=["b", "a", "c"]).labels.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("columns", "task", "classes", "told"),
    [
        (["a", "", "b"], None, None, "data.tsv:3: label 'label' is empty"),
        (["1.5", "nan", "2"], None, None, "data.tsv:3: target 'label' is nan"),
        (["1.5", "inf", "2"], None, None, "data.tsv:3: target 'label' is inf"),
        (["1", "NA", "0"], None, None, "data.tsv:3: label 'label' is NA"),
        (["1.5", "x", "2"], "regression", None, "data.tsv:3: label 'x' of 'label' is not a number"),
        (["a", "c", "b"], None, ["a", "b"], "data.tsv:3: label 'c' is not one of a, b"),
        (["a", "a", "a"], None, None, "label 'a' never varies: all 3 rows have a"),
        (["1.5", "1.5", "1.5"], None, None, "label 'label' never varies"),
        ({"a": ["0", "1"], "b": ["1", "1"]}, None, None, "label 'b' never varies"),
        ({"a": ["0", "1"], "b": ["x", "y"]}, None, None, "different tasks: a holds yes or no, b holds words"),
        ({"a": ["0", "1"], "b": ["0.3", "0.1"]}, None, None, "different tasks"),
        ({"a": ["x", "y"], "b": ["z", "y"]}, "classification", None, "2 label columns (a, b) for one class a row"),
        ({"a": ["0", "2"], "b": ["1", "0"]}, "multilabel", None, "data.tsv:3: label '2' is not one of 0, 1"),
    ],
)
def test_labels_that_cannot_be_learnt_are_one_line_with_their_place(columns, task, classes, told):
    with pytest.raises(InputError, match=re.escape(told)) as error:
        read(columns, task, classes)
    assert "\n" not in str(error.value) and error.value.remedy


def test_people_count_2_before_10():
    assert sorted(["10", "x10", "x2", "2", "-3"], key=natural_key) == ["-3", "2", "10", "x2", "x10"]
