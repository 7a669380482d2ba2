from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.runs.counts import add_counts, check_counts

numbers = st.dictionaries(st.sampled_from("abc"), st.integers(0, 9))
counts = st.builds(lambda flat, group: {**flat, "group": group}, numbers, numbers)


@given(st.lists(counts, max_size=4))
def test_counts_of_parts_add_up_to_those_of_the_whole(parts):
    total = {}
    for part in parts:
        total = add_counts(total, part)
    names = {name for part in parts for name in part}
    assert total.keys() == names
    for name in names - {"group"}:
        assert total[name] == sum(part.get(name, 0) for part in parts)
    together = Counter()
    for part in parts:
        together.update(part["group"])
    assert total.get("group", {}) == dict(together)


def test_a_group_that_only_one_of_them_has_is_kept():
    assert add_counts({"n": 1, "by_status": {"OK": 2}}, {"n": 1}) == {"n": 2, "by_status": {"OK": 2}}
    assert add_counts({"n": 1}, {"by_status": {"OK": 2}}) == {"n": 1, "by_status": {"OK": 2}}
    assert add_counts({"a": {"b": {"c": 1}}}, {"a": {"b": {"c": 2, "d": 3}}}) == {"a": {"b": {"c": 3, "d": 3}}}


def test_names_stay_in_the_order_in_which_they_appear():
    assert list(add_counts({"z": 1, "m": 1}, {"a": 1, "z": 1})) == ["z", "m", "a"]


def test_what_is_added_stays_as_it_was():
    ours, theirs = {"n": 1, "group": {"x": 1}}, {"n": 2, "group": {"x": 2}}
    add_counts(ours, theirs)
    assert (ours, theirs) == ({"n": 1, "group": {"x": 1}}, {"n": 2, "group": {"x": 2}})


@given(counts)
def test_counts_pass_the_check_unchanged(given_counts):
    assert check_counts(given_counts) == given_counts


@pytest.mark.parametrize("said", [[], None, "n", 3, {"n": -1}, {"n": 1.0}, {"n": True}, {"n": "1"}, {"g": {"n": None}}])
def test_anything_else_is_not_counts(said):
    with pytest.raises((TypeError, ValueError)):
        check_counts(said)
