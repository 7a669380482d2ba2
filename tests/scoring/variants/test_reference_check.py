import pytest

from dna_mamba.errors import InputError
from dna_mamba.genome import Variant
from dna_mamba.io.fasta import FastaReader
from dna_mamba.scoring.variants.reference_check import ReferenceCheck
from dna_mamba.sequences.cached_genome import CachedGenome
from tests.worlds import write_fasta


@pytest.fixture
def check(tmp_path):
    return ReferenceCheck(CachedGenome(FastaReader(write_fasta(tmp_path / "g.fa", {"c": "ACGTNRacgt"}))))


@pytest.mark.parametrize(
    ("pos", "ref"),
    [
        *((1, "A"), (1, "ACGT"), (1, "acgt"), (7, "A"), (9, "GT"), (4, "TAG")),
        *((5, "N"), (6, "A"), (6, "R"), (1, "N"), (2, "R"), (1, "ANGn")),
    ],
    ids=str,
)
def test_agrees(check, pos, ref):
    """Case plays no part, and what is ambiguous in the reference or in REF agrees with every letter."""
    codes = check.read(Variant("c", pos, ref, "T"), "c")
    assert codes is not None
    assert len(codes) == len(ref)
    assert check.n_mismatched == 0


@pytest.mark.parametrize(
    "pos_ref",
    [
        *((1, "C"), (1, "AG"), (10, "TA"), (11, "A"), (0, "A"), (10**12, "A")),
        *((1, "?"), (1, "CN"), (10, "NN"), (11, "N")),
    ],
)
def test_differs(check, pos_ref):
    assert check.read(Variant("c", *pos_ref, "T"), "c") is None
    assert (check.n_checked, check.n_mismatched) == (1, 1)


@pytest.mark.parametrize(("ref", "counted"), [("N", 0), ("nRy", 0), ("AN", 1), ("A", 1)])
def test_ambiguity_is_no_evidence_of_a_build(check, ref, counted):
    assert check.read(Variant("c", 1, ref, "T"), "c") is not None
    assert (check.n_checked, check.n_mismatched) == (counted, 0)


def test_structural_variants_with_unknown_ref_leave_the_verdict_to_the_others(check):
    for _ in range(1000):
        check.read(Variant("c", 1, "N", "TTT"), "c")
    with pytest.raises(InputError, match="6 of 100"):
        verdict(check, 94, 6)


def verdict(check, n_right, n_wrong):
    for i in range(n_right + n_wrong):
        check.read(Variant("c", 1, "A" if i < n_right else "C", "T"), "c")
    check.refuse_wrong_build()


@pytest.mark.parametrize(("n_right", "n_wrong"), [(0, 0), (95, 5), (19, 1), (5, 1), (1, 1), (1900, 100)])
def test_a_few_mismatches_are_borne(check, n_right, n_wrong):
    verdict(check, n_right, n_wrong)


@pytest.mark.parametrize(("n_right", "n_wrong"), [(94, 6), (18, 2), (0, 1), (2, 3), (1899, 101)])
def test_too_many_are_not(check, n_right, n_wrong):
    with pytest.raises(InputError, match=r"c:1 REF C, reference A: wrong build\?"):
        verdict(check, n_right, n_wrong)


def test_a_long_ref_is_shown_short(check):
    check.read(Variant("c", 1, "T" * 500, "T"), "c")
    assert check.examples == ["c:1 REF TTTTTTTTTTTTTTTTTTTT... (500 bp), reference ACGTNNACGT"]
