"""Scores by name, and all of them together through the scorer: what they are of, and what they must not depend on."""

import pytest

from dna_mamba.alphabet import reverse_complement
from dna_mamba.errors import InputError
from dna_mamba.genome import Variant
from dna_mamba.io.fasta import FastaReader
from dna_mamba.scoring import score_variants
from dna_mamba.scoring.variants.scores import SCORES, columns_of, find_scores
from tests.scoring.variants.scores.hand import CASES, SEQUENCE, letters_of, values_of
from tests.worlds import CONTEXT_BP, small_model, write_fasta

ALL = tuple(SCORES)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    path = tmp_path_factory.mktemp("genome") / "g.fa"
    write_fasta(path, {"c": SEQUENCE, "mirrored": reverse_complement(SEQUENCE)})
    return FastaReader(path), small_model("post-hoc")


def score(world, variant, names=ALL):
    (found,) = score_variants([variant], *world, scores=names, context_bp=CONTEXT_BP)
    return found


@pytest.mark.parametrize("name", CASES)
def test_each_is_of_the_windows_of_the_change(world, name):
    """Windows that were found by trying every placement."""
    found = score(world, CASES[name]).values
    for kind in SCORES.values():
        expected = values_of(kind, world[1], letters_of(CASES[name]))
        for column, value in zip(kind.columns, expected, strict=True):
            assert found.get(column.name) == (None if value is None else pytest.approx(value, abs=2e-5))


@pytest.mark.parametrize("name", CASES)
def test_the_other_strand_scores_the_same(world, name):
    variant = CASES[name]
    mirrored = Variant(
        "mirrored", len(SEQUENCE) - variant.end + 1, reverse_complement(variant.ref), reverse_complement(variant.alt)
    )
    here, there = score(world, variant).values, score(world, mirrored).values
    assert here.keys() == there.keys()
    assert list(here.values()) == pytest.approx(list(there.values()), abs=2e-5)


def test_spellings_of_a_deletion_score_the_same(world):
    one = Variant("c", 33, SEQUENCE[32:35], SEQUENCE[32])
    others = [Variant("c", p, SEQUENCE[p - 1 : p + 2], SEQUENCE[p - 1]) for p in (31, 32, 34, 35)]
    same = [v for v in others if SEQUENCE[: v.pos] + SEQUENCE[v.pos + 2 :] == SEQUENCE[:33] + SEQUENCE[35:]]
    assert len(same) >= 2
    for other in same:
        assert score(world, other).values == score(world, one).values


def test_no_change_scores_nothing(world):
    found = score(world, Variant("c", 20, SEQUENCE[19:22], SEQUENCE[19:22])).values
    assert found["llr"] == found["wt_llr"] == found["l2"] == found["influence"] == 0


def test_unknown_scores_are_refused():
    with pytest.raises(InputError, match="unknown score 'lrl'; choose from llr, wt-llr"):
        find_scores(["lrl"])
    with pytest.raises(InputError, match="no scores"):
        find_scores([])


def test_scores_in_the_order_asked_for_each_once():
    assert [kind.name for kind in find_scores(["entropy", "llr", "entropy"])] == ["entropy", "llr"]
    assert [column.name for column in columns_of(find_scores(["embedding", "llr"]))] == [
        "l2",
        "cosine",
        "local_l2",
        "local_cosine",
        "llr",
    ]


def test_columns_have_names_of_their_own():
    columns = columns_of(list(SCORES.values()))
    assert len({c.name for c in columns}) == len({c.key for c in columns}) == len(columns)
    assert all('"' not in c.description for c in columns)
