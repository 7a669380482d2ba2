"""Every position of a sequence lies on one rank, whatever the numbers of both."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.models.context import SequencePart


@given(length=st.integers(0, 50), size=st.integers(1, 9))
def test_parts_follow_one_another_and_differ_by_one(length: int, size: int) -> None:
    parts = [SequencePart(None, rank, size, length) for rank in range(size)]
    positions = torch.arange(length).expand(2, length)
    assert torch.equal(torch.cat([part.of(positions) for part in parts], dim=1), positions)
    counts = [part.of(positions).shape[1] for part in parts]
    assert max(counts) - min(counts) <= 1
    assert counts == [parts[0].positions_of(rank) for rank in range(size)]


@given(lengths=st.lists(st.integers(0, 20), min_size=1, max_size=4), size=st.integers(1, 5))
def test_lengths_of_parts_mark_the_same_pads(lengths: list[int], size: int) -> None:
    whole = torch.arange(20) < torch.tensor(lengths)[:, None]
    for rank in range(size):
        part = SequencePart(None, rank, size, 20)
        here = part.lengths(torch.tensor(lengths))
        assert here is not None and part.lengths(None) is None
        assert torch.equal(torch.arange(part.positions_of(rank)) < here[:, None], part.of(whole))


def test_what_is_read_before_a_part() -> None:
    part = SequencePart(None, 1, 4, 10)
    assert list(part.before(ascending=True)) == [0] and list(part.before(ascending=False)) == [3, 2]


def test_only_the_rows_of_the_other_strand_are_turned() -> None:
    part, x = SequencePart(None, 0, 1, 3), torch.arange(12).view(4, 3)
    assert torch.equal(part.turned(x), x)
    assert part.of_both_strands.turned(x).tolist() == [[0, 1, 2], [3, 4, 5], [8, 7, 6], [11, 10, 9]]
    assert [len(rows) for rows in part.strands_of(x)] == [4]
    assert torch.equal(torch.stack(part.of_both_strands.strands_of(x)), x.view(2, 2, 3))


def test_tensors_of_another_length_are_refused() -> None:
    part = SequencePart(None, 0, 2, 9)
    with pytest.raises(ValueError, match="8 positions is not one of sequences of 9"):
        part.of(torch.zeros(1, 8))
    part.check(torch.zeros(1, 4))
    with pytest.raises(ValueError, match="rank 0 of 2 got 9 tokens, not the 4 that it holds"):
        part.check(torch.zeros(1, 9))
