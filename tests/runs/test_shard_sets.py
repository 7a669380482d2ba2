"""Shards of one run, all of them and each once."""

from dataclasses import replace

import pytest

from dna_mamba.errors import InputError
from dna_mamba.runs.shard_sets import ClaimedFile, check_shards
from dna_mamba.runs.shards import Claim, Shard, span_of


def claimed(number, total=2, **changes):
    shard = Shard(number, total)
    claim = Claim(shard, span_of(shard, 200), 200, 0, "", {}, {"model": "a", "batch_size": "4"})
    return ClaimedFile(f"{number}.tsv", replace(claim, **changes))


def test_all_shards_of_a_run_make_one_whole():
    assert check_shards([claimed(1), claimed(2)]) == []


def test_batches_of_another_size_are_noted():
    (note,) = check_shards([claimed(1), claimed(2, run={"model": "a", "batch_size": "8"})])
    assert note.startswith("2.tsv: its batch_size is 8") or note.startswith("2.tsv: batch_size is 8, in 1.tsv 4")


@pytest.mark.parametrize(
    ("shards", "said"),
    [
        ([claimed(1), claimed(2, run={"model": "b", "batch_size": "4"})], r"2\.tsv: its model is b, in 1\.tsv a"),
        ([claimed(1), claimed(2, n_records=201)], r"2\.tsv: is shard 2/2 of 201 records"),
        ([claimed(1), claimed(1)], "is shard 1/2, as 1.tsv is"),
        ([claimed(1, 3), claimed(3, 3)], "shard 2/3 is missing"),
        ([claimed(1), claimed(2, span=span_of(Shard(1, 2), 200))], "not its own"),
    ],
)
def test_what_does_not_belong_together_is_refused(shards, said):
    with pytest.raises(InputError, match=said):
        check_shards(shards)
