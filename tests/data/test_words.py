"""Counts of words against a dictionary: pieces, contigs, ends and unknown bases."""

from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dna_mamba.alphabet import BASES, Codes, encode_bases, reverse_complement
from dna_mamba.data import words
from dna_mamba.data.genomes import ContigPart
from dna_mamba.data.words import Context, WordCounts, pieces, some_of

SEQUENCES = st.lists(st.text("ACGTNacgt", max_size=40), max_size=6)


def dictionary(sequences: list[str], length: int) -> Counter[str]:
    """Every word of known bases on both strands, one by one."""
    strands = [strand for text in sequences for strand in (text.upper(), reverse_complement(text.upper()))]
    found = [strand[i : i + length] for strand in strands for i in range(len(strand) - length + 1)]
    return Counter(word for word in found if "N" not in word)


def counted(counts: WordCounts, length: int) -> dict[str, int]:
    spelled = map("".join, product(BASES, repeat=length))
    return {word: int(n) for word, n in zip(spelled, counts.table(length), strict=True) if n}


@settings(max_examples=30, deadline=None)
@given(sequences=SEQUENCES, chunk_bp=st.sampled_from([1, 3, 7, 2**17]))
def test_words_of_every_length_are_those_of_a_dictionary(sequences: list[str], chunk_bp: int) -> None:
    """No word spans two contigs, none is lost or doubled where a long contig is cut or known bases end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words, "_CHUNK_BP", chunk_bp)
        counts = WordCounts([encode_bases(text) for text in sequences], 5)
    for length in range(1, 6):
        assert counted(counts, length) == dictionary(sequences, length)


@pytest.mark.parametrize("chunk_bp", [4, 2**17])
def test_a_contig_that_can_only_be_sliced(monkeypatch: pytest.MonkeyPatch, chunk_bp: int) -> None:
    monkeypatch.setattr(words, "_CHUNK_BP", chunk_bp)
    codes = encode_bases("ACGTTGCANNACGGT")
    expected = WordCounts([codes[2:13]], 3)
    of_part = WordCounts([ContigPart(codes, 2, 13)], 3)
    np.testing.assert_array_equal(of_part.table(3), expected.table(3))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 30), max_size=5), st.integers(0, 4), st.integers(0, 4), st.sampled_from([1, 5, 2**17]))
def test_each_base_is_owned_once_and_has_its_neighbours(sizes: list[int], left: int, right: int, chunk_bp: int) -> None:
    rng = np.random.default_rng(sum(sizes))
    sequences = [rng.integers(0, 4, size).astype(np.uint8) for size in sizes]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words, "_CHUNK_BP", chunk_bp)
        cut = list(pieces(sequences, left, right))
    owned = [piece.codes[piece.own] for piece in cut]
    assert np.concatenate([*owned, np.zeros(0, np.uint8)]).tolist() == [base for s in sequences for base in s.tolist()]
    neighbours = [
        [list(piece.codes[max(0, at - left) : at + right + 1]) for at in np.flatnonzero(piece.own)] for piece in cut
    ]
    expected = [list(s[max(0, at - left) : at + right + 1]) for s in sequences for at in range(len(s))]
    whole = [len(around) == left + right + 1 for around in expected]
    found = [around for of_piece in neighbours for around in of_piece]
    assert [a for a, is_whole in zip(found, whole, strict=True) if is_whole] == [
        a for a, is_whole in zip(expected, whole, strict=True) if is_whole
    ]


@pytest.mark.parametrize(("left", "right"), [(0, 0), (3, 0), (2, 1), (0, 2), (2, 2)])
def test_counts_between_neighbours(left: int, right: int) -> None:
    rng = np.random.default_rng(left + 7 * right)
    text = "".join(rng.choice(list("ACGTN"), p=[0.3, 0.2, 0.2, 0.25, 0.05], size=400))
    asked = "".join(rng.choice(list("ACGTN"), p=[0.24, 0.24, 0.24, 0.24, 0.04], size=60))
    counts, table = WordCounts([encode_bases(text)], 5), dictionary([text], left + 1 + right)
    at_N = np.arange(len(asked))
    ((_, counts_N4, known_N),) = counts.in_contexts(encode_bases(asked), at_N, [Context(left, right)])
    assert known_N.any()
    for at in range(len(asked)):
        before, after = asked[max(0, at - left) : at], asked[at + 1 : at + 1 + right]
        is_known = len(before) == left and len(after) == right and "N" not in before + after
        assert known_N[at] == is_known
        if is_known:
            assert counts_N4[at].tolist() == [table[before + base + after] for base in BASES]


def test_contexts_that_grow_are_those_asked_alone() -> None:
    rng = np.random.default_rng(3)
    counts = WordCounts([rng.integers(0, 4, 3000).astype(np.uint8)], 6)
    codes, at_N = rng.integers(0, 5, 50).astype(np.uint8), np.arange(0, 50, 3)
    chain = [Context(0, 0), Context(2, 0), Context(2, 1), Context(3, 2)]
    for context, counts_N4, known_N in counts.in_contexts(codes, at_N, chain):
        ((_, alone_N4, known_alone_N),) = counts.in_contexts(codes, at_N, [context])
        np.testing.assert_array_equal(known_N, known_alone_N)
        np.testing.assert_array_equal(counts_N4[known_N], alone_N4[known_N])


def test_the_longest_words_and_no_sequence() -> None:
    counts = WordCounts([encode_bases("A" * 14)])
    assert counts.table(13)[0] == 2 == counts.table(13)[-1] and counts.table(1).tolist() == [14, 0, 0, 14]
    assert not WordCounts([], 4).table(4).any()


def test_scaffolds_are_counted_with_one_table() -> None:
    """Tables of 4**13 counts for each of them would take minutes; the time here is that of one contig and some."""
    rng = np.random.default_rng(1)
    scaffolds: list[Codes] = [rng.integers(0, 4, 30).astype(np.uint8) for _ in range(20_000)]
    counts = WordCounts(scaffolds, 13)
    assert int(counts.table(13).sum()) == 2 * 20_000 * 18


def test_some_of_the_sequence_is_spread_over_it() -> None:
    sequences = [np.full(length, number, np.uint8) for number, length in enumerate((1000, 0, 50, 3000))]
    some = some_of(sequences, 400, 100)
    assert len(some) == 4 and {int(part[0]) for part in some} == {0, 3} and all(len(part) <= 100 for part in some)
    assert [len(part) for part in some_of(sequences, 10_000, 100)] == [1000, 0, 50, 3000]
    assert some_of([], 10, 5) == []
