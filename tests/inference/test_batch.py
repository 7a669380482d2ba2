"""What goes through a model together."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.errors import MachineError
from dna_mamba.inference.batch import by_length, in_batches, pad, positions_per_pass, require_memory, windows_per_pass
from dna_mamba.models.memory import Shape, inference_bytes
from tests.worlds import small_model

MODEL = small_model()


def test_what_suits_a_cpu_grows_with_its_threads(monkeypatch):
    for threads in (1, 6):
        monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
        assert positions_per_pass(MODEL) == 1024 * threads
        assert windows_per_pass(MODEL, 512) == 2 * threads
        assert windows_per_pass(MODEL, 1_000_000) == windows_per_pass(MODEL, 1024 * threads) == 1
        assert windows_per_pass(MODEL, 0) == 1024 * threads


@given(st.lists(st.integers()), st.integers(1, 9))
def test_batches_are_neighbours_in_order(items, size):
    batches = list(in_batches(items, size))
    assert [item for batch in batches for item in batch] == items
    assert all(len(batch) == size for batch in batches[:-1]) and all(batches)
    assert len(batches) == -(-len(items) // size)


@given(st.lists(st.integers(1, 40), max_size=20), st.integers(1, 6), st.integers(1, 100))
def test_batches_by_length_are_sorted_and_within_both_limits(lengths, batch_size, positions):
    batches = list(by_length(lengths, batch_size, positions))
    indices = [index for batch in batches for index in batch]
    assert sorted(indices) == list(range(len(lengths)))
    assert [lengths[i] for i in indices] == sorted(lengths)
    for number, batch in enumerate(batches):
        padded = len(batch) * max(lengths[i] for i in batch)
        assert len(batch) == 1 or (len(batch) <= batch_size and padded <= positions)
        if number + 1 < len(batches):  # the next one would have been too many
            longer = lengths[batches[number + 1][0]]
            assert len(batch) == batch_size or (len(batch) + 1) * longer > positions


def test_a_batch_may_have_exactly_as_many_positions_as_it_may():
    assert list(by_length([5, 5, 5, 5], 9, 10)) == [[0, 1], [2, 3]]
    assert list(by_length([5, 5, 5], 9, 9)) == [[0], [1], [2]]


def test_padding_on_the_right_and_lengths_only_where_they_differ():
    ids = [np.array(row, dtype=np.int64) for row in ([7, 8, 9], [10], [7, 7])]
    padded = pad(ids, MODEL)
    pad_id = MODEL.tokenizer.pad_id
    assert padded.ids_BL.tolist() == [[7, 8, 9], [10, pad_id, pad_id], [7, 7, pad_id]]
    assert padded.ids_BL.dtype == torch.int64
    assert padded.lengths_B is not None and padded.lengths_B.tolist() == [3, 1, 2]
    even = pad(ids[:1] * 2, MODEL)
    assert even.ids_BL.tolist() == [[7, 8, 9]] * 2 and even.lengths_B is None


@pytest.mark.parametrize("both_strands", [True, False])
def test_what_just_fits_is_taken_and_one_byte_less_refused(monkeypatch, both_strands):
    def free(count):
        monkeypatch.setattr("dna_mamba.models.memory.available_memory", lambda: count)

    def check():
        how = {"both_strands": both_strands, "what": "windows of 5,000 bp", "remedy": "take fewer"}
        require_memory(MODEL, 3, 5000, **how)

    free(0)  # nothing to spare: what it cannot do without
    shape = Shape(6 if both_strands else 3, 5000)
    least = inference_bytes(MODEL.config, shape, MODEL.device, MODEL.dtype)
    free(least)
    check()
    free(least - 1)
    with pytest.raises(MachineError, match=r"windows of 5,000 bp: about .* are needed .*; take fewer"):
        check()
