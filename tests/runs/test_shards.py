"""Pieces that partition a run at the edges of its blocks, and what each says of itself."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.errors import InputError
from dna_mamba.runs import Claim, Shard, Span, parse_shard, span_of
from dna_mamba.runs.shards import block_records, find_claim

PREFIX = "##shard="
CLAIM = Claim(Shard(2, 3), Span(64, 128), 150, 70, "ab", {"records": 64, "by_status": {"OK": 3}}, {"input": "f00d"})
totals = st.integers(0, 3_000_000) | st.integers(0, 700) | st.sampled_from([63, 64, 65, 16_384, 16_385, 1_048_576])


def test_what_a_shard_is_called():
    assert parse_shard("2/4") == Shard(2, 4) and str(Shard(2, 4)) == "2/4"
    assert parse_shard("1/1") == Shard(1, 1) and parse_shard("4/4") == Shard(4, 4)


@pytest.mark.parametrize("text", ["", "2", "0/4", "5/4", "-1/4", "1/0", "0/0", "1/4/2", "a/b", "1.0/2", " 1/2"])
def test_what_is_not_a_shard(text):
    with pytest.raises(InputError, match=r"--shard: .* is not a shard; write i/n"):
        parse_shard(text)


@given(totals, st.integers(1, 60))
def test_spans_partition_the_records_at_the_edges_of_blocks(n_records, n_shards):
    size = block_records(n_records)
    spans = [span_of(Shard(i, n_shards), n_records) for i in range(1, n_shards + 1)]
    assert spans[0].first == 0 and spans[-1].last == n_records
    assert all(before.last == after.first for before, after in pairwise(spans))
    assert all(span.first % size == 0 or span.first == n_records for span in spans)
    blocks = [-(-span.n_records // size) for span in spans]
    assert max(blocks) - min(blocks) <= 1
    assert sum(span.n_records for span in spans) == n_records


@given(totals)
def test_blocks_are_multiples_of_64_about_a_256th_of_the_run(n_records):
    size = block_records(n_records)
    assert size % 64 == 0 and 64 <= size <= 4096
    if 64 < size < 4096:
        assert (size - 64) * 256 < n_records <= size * 256
    assert (size == 64) == (n_records <= 64 * 256) and (size == 4096) == (n_records > (4096 - 64) * 256)


def test_without_shards_there_is_one_piece():
    assert span_of(None, 150) == span_of(Shard(1, 1), 150) == Span(0, 150)
    assert Span(3, 10).n_records == 7


def test_a_claim_is_read_back():
    header = ["##fileformat=VCFv4.3", CLAIM.line(PREFIX) + "\r", "#CHROM"]
    assert find_claim(header, PREFIX, "a.vcf") == CLAIM
    assert "\n" not in CLAIM.line(PREFIX)


def test_a_header_has_one_claim():
    with pytest.raises(InputError, match=r"a\.vcf: is not a shard"):
        find_claim(["##fileformat=VCFv4.3", "#" + CLAIM.line(PREFIX)], PREFIX, "a.vcf")
    with pytest.raises(InputError, match=r"a\.vcf: says twice which shard it is"):
        find_claim([CLAIM.line(PREFIX), replace(CLAIM, sha256="cd").line(PREFIX)], PREFIX, "a.vcf")


def damaged(**changes):
    return {**json.loads(CLAIM.line("")), **changes}


@pytest.mark.parametrize(
    "said",
    [
        [],
        {},
        "x",
        damaged(shard=[1]),
        damaged(shard=["1", 3]),
        damaged(span=[0.5, 3]),
        damaged(span=None),
        damaged(n_records="150"),
        damaged(n_lines=None),
        damaged(counts=[]),
        damaged(counts={"records": -1}),
        damaged(run=[]),
        {name: value for name, value in damaged().items() if name != "sha256"},
    ],
    ids=lambda said: json.dumps(said)[:60],
)
def test_a_claim_that_cannot_be_read(said):
    for line in (PREFIX + json.dumps(said), PREFIX + json.dumps(said)[:-1]):
        with pytest.raises(InputError, match=r"a\.vcf: its shard line cannot be read; make this shard again"):
            find_claim([line], PREFIX, "a.vcf")
