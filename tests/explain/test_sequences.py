import numpy as np
import pytest

from dna_mamba.errors import InputError
from dna_mamba.explain import ExplainedSequences
from dna_mamba.genome import Interval, Strand
from tests.explain.worlds import exact_model, records, task_model
from tests.worlds import random_sequence, write_fasta

GENOME = random_sequence(40)


def test_regions_lie_on_the_genome_and_the_other_strand_runs_backwards(tmp_path):
    path = write_fasta(tmp_path / "g.fa", {"c": GENOME, "d": GENOME[:20]})
    places = [Interval("c", 4, 9), Interval("d", 2, 5, "turned", Strand.REVERSE)]
    source = ExplainedSequences(path, task_model(), regions=places)
    ahead, back = source.items()
    assert (ahead.name, ahead.chrom, ahead.positions.tolist()) == ("c:5-9", "c", [4, 5, 6, 7, 8])
    assert (back.name, back.chrom, back.positions.tolist()) == ("turned", "d", [4, 3, 2])
    np.testing.assert_array_equal(ahead.codes, ["ACGT".index(base) for base in GENOME[4:9]])
    np.testing.assert_array_equal(back.codes, [3 - "ACGT".index(base) for base in GENOME[2:5][::-1]])
    assert source.contigs == [("c", 40), ("d", 20)]


def test_mostly_unknown_sequences_are_flagged():
    items = ExplainedSequences(records("ACGTNACGTACGT", "ACNNNGT"), task_model()).items()
    assert [item.status for item in items] == ["OK", "N_WINDOW"]


@pytest.mark.parametrize(
    ("head", "options", "said"),
    [
        ({"task": "regression"}, {}, "3 targets; choose one of a, b, c"),
        ({}, {"target": "d"}, "no output 'd'; choose from a, b, c"),
        ({}, {"at": 1}, "answers once for a sequence"),
        ({"task": "variant", "variant_of": "classification"}, {}, "says nothing of sequences"),
    ],
)
def test_questions_without_an_answer_are_refused(head, options, said):
    with pytest.raises(InputError, match=said):
        ExplainedSequences(records("ACGT"), task_model(**head), **options)


@pytest.mark.parametrize(("at", "said"), [(7, "no answer at position 8 of 9 bp"), (None, "2 bp are less than a bin")])
def test_sequences_without_an_answer_are_named(at, said):
    source = ExplainedSequences(records("ACGTACGTA", "AC"), task_model(task="tracks", bin_bp=7), target="a", at=at)
    with pytest.raises(InputError, match=f"s[01]: {said}"):
        list(source.items())


def test_a_language_model_is_refused():
    with pytest.raises(InputError, match="not a model with a head"):
        ExplainedSequences(records("ACGT"), exact_model())  # type: ignore[arg-type]
