"""Words of sequences, and letters at their places."""

import random

import numpy as np
import pytest

from dna_mamba.alphabet import encode_bases
from dna_mamba.data.labelled.dataset import Labelled
from dna_mamba.training.finetune.baselines.kmers import KmerTable, kmer_shares
from dna_mamba.training.finetune.linear.choice import fit_and_answer
from dna_mamba.training.finetune.problem import Asked, FoldPart, Problem

WORDS, PLACES = "k up to 4, one strand", "letters and pairs at their places"


def rows_of(texts, labels=None):
    labels = np.zeros(len(texts), dtype=np.int64) if labels is None else np.array(labels)
    ids = [str(number) for number in range(len(texts))]
    return Labelled("classification", ids, [encode_bases(text) for text in texts], labels, ("a", "b"), "own", "")


def test_shares_of_words_on_one_strand_and_on_both():
    codes = [encode_bases("AACGN"), encode_bases("TTTT")]
    one = kmer_shares(codes, 2, both_strands=False).toarray()
    assert one[0, [0, 1, 6]] == pytest.approx(1 / 3) and one[1, 15] == 1  # AA, AC, CG; TT
    both = kmer_shares(codes, 2, both_strands=True).toarray()
    assert both[1, 0] == 1 and both[1, 15] == 0  # TT is AA on the other strand


def test_words_and_places_stand_side_by_side():
    table = KmerTable(rows_of(["ACGTAC", "TTGCAA", "GGGTTT"]))
    rows = np.arange(3)
    parts = [table.of(kind, rows).toarray() for kind in (WORDS, PLACES)]
    assert parts[1].shape[1] == 6 * 4 + 5 * 16 and parts[1].sum(1).tolist() == [11, 11, 11]
    np.testing.assert_array_equal(table.of(f"{WORDS}, and {PLACES}", rows).toarray(), np.hstack(parts))
    assert all(table.of(kind, rows).shape[0] == 3 for kind in table.kinds)


def test_places_are_offered_where_all_sequences_are_of_one_length():
    assert not any(PLACES in kind for kind in KmerTable(rows_of(["ACGT", "ACG"])).kinds)
    assert sum(PLACES in kind for kind in KmerTable(rows_of(["ACGT", "ACGA"])).kinds) == 3


def test_what_needs_words_and_places_is_learnt():
    """A word anywhere is one half of the evidence, a letter at its place the other."""
    chance = random.Random(0)
    texts, labels = [], []
    for number in range(600):
        letters = chance.choices("ACGT", k=40)
        label = number % 2
        if chance.random() < (0.8 if label else 0.2):
            start = chance.randrange(0, 30)
            letters[start : start + 6] = "TATAAT"
        letters[35] = chance.choices("AC", weights=(4, 1) if label else (1, 4))[0]
        texts.append("".join(letters))
        labels.append(label)
    order = np.arange(600)
    part = FoldPart(order[:350], order[350:400], order[400:])
    problem = Problem(rows_of(texts, labels), balanced=False)
    answer = fit_and_answer(Asked(problem, part, 0, "own", lambda: None), KmerTable(problem.data), "logistic")
    assert PLACES in answer.chosen["features"] and "k up to" in answer.chosen["features"]
    assert (answer.answers.argmax(1) == np.array(labels)[400:]).mean() > 0.8
