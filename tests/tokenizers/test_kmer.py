from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.tokenizers import KmerTokenizer


def brute_force(sequence: str, k: int, stride: int) -> list[int]:
    words = {"".join(letters): i for i, letters in enumerate(product("ACGT", repeat=k), start=3)}
    starts = range(0, len(sequence) - k + 1, stride)
    ids = [words.get(sequence[start : start + k], 2) for start in starts]
    covered = starts[-1] + k if len(starts) else 0
    return ids + [2] * (covered < len(sequence))


@given(st.text("ACGTN", max_size=40), st.integers(1, 4), st.data())
def test_against_brute_force(sequence, k, data):
    stride = data.draw(st.integers(1, k))
    tokenizer = KmerTokenizer(k, stride)
    assert tokenizer.encode(sequence).tolist() == brute_force(sequence, k, stride)
    n_words, tail = tokenizer.n_words(len(sequence)), tokenizer.tail_length(len(sequence))
    assert len(tokenizer.encode(sequence)) == n_words + (tail > 0)
    assert tail == len(sequence) - ((n_words - 1) * stride + k if n_words else 0)


@pytest.mark.parametrize(
    ("k", "stride", "sequence", "decoded"),
    [
        (3, 1, "ACGTNACGT", "ACGTNACGT"),
        (3, 1, "ACNACGT", "NNNACGT"),  # no 3-mer free of N holds the first two
        (3, 3, "ACGTTT", "ACGTTT"),
        (3, 3, "ACGTTTG", "ACGTTTNNN"),  # the tail is one <unk>
        (3, 2, "ACGTT", "ACGTT"),
        (4, 4, "AC", "NNNN"),
    ],
)
def test_what_decoding_cannot_know_is_n(k, stride, sequence, decoded):
    tokenizer = KmerTokenizer(k, stride)
    assert tokenizer.decode(tokenizer.encode(sequence)) == decoded


def test_ids_follow_the_letters():
    tokenizer = KmerTokenizer(2)
    assert tokenizer.encode("AAACAGATCATT").tolist()[:4] == [3, 3, 4, 7]
    assert tokenizer.decode(np.array([3])) == "AA" and tokenizer.decode(np.array([18])) == "TT"
    assert tokenizer.vocab_size == 24
    assert tokenizer.decode(np.array([19])) == "NN"  # a row that only fills the vocabulary up
    assert KmerTokenizer(1).base_ids.tolist() == [3, 4, 5, 6]
    assert tokenizer.base_ids is None


@pytest.mark.parametrize("k", [9, 10])
def test_the_longest_words_do_not_overflow(k):
    assert KmerTokenizer(k).encode("T" * k).tolist() == [2 + 4**k]
