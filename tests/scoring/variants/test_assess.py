"""What is said of an allele before a model runs."""

import pytest

from dna_mamba.alphabet import decode_bases
from dna_mamba.errors import InputError
from dna_mamba.genome import Variant
from dna_mamba.io.fasta import FastaReader
from dna_mamba.scoring import AlleleStatus
from dna_mamba.scoring.variants.assess import Assessor
from tests.worlds import write_fasta

SEQUENCE = "GATTACACGTTGCAAGCTTAGGCATCCGATCGTACG" + "TCTCTCTCTC" + "GGACTGAATTCAAGTCCG"
REPEAT = 36
"""Where ten bases of TC begin."""


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    path = tmp_path_factory.mktemp("genome") / "g.fa"
    return FastaReader(write_fasta(path, {"c": SEQUENCE, "n": "ACNRGT", "chr7": "ACGT"}))


def status(reference, *allele, context_bp=20, **options):
    return Assessor(reference, context_bp=context_bp, **options).assess(Variant(*allele)).status


def other(letters):
    """Another base at every place."""
    return letters.translate(str.maketrans("ACGT", "CATG"))


@pytest.mark.parametrize("context_bp", [20, 21, 1, 2, 3])
def test_a_change_takes_exactly_half_of_the_window_at_most(reference, context_bp):
    """Several bases, inserted and deleted ones; a base is taken by the smallest window."""
    most = max(1, context_bp // 2)
    for n, expected in ((most, AlleleStatus.OK), (most + 1, AlleleStatus.TOO_LONG)):
        ref = SEQUENCE[8 : 8 + n]
        assert status(reference, "c", 9, ref, other(ref), context_bp=context_bp) == expected
    if most == 10:
        inserted = "GGGACCCTAAG"
        for n, expected in ((10, AlleleStatus.OK), (11, AlleleStatus.TOO_LONG)):
            assert status(reference, "c", 4, "T", "T" + inserted[:n], context_bp=context_bp) == expected
            assert status(reference, "c", 8, SEQUENCE[7 : 8 + n], "C", context_bp=context_bp) == expected


@pytest.mark.parametrize(("context_bp", "expected"), [(24, "OK"), (22, "TOO_LONG"), (20, "TOO_LONG")])
def test_all_placements_count(reference, context_bp, expected):
    """A deletion of TC in ten bases of it can lie anywhere in them; an insertion makes them twelve."""
    place = ("c", REPEAT, SEQUENCE[REPEAT - 1 : REPEAT + 2], SEQUENCE[REPEAT - 1])
    assert status(reference, *place, context_bp=20) == "OK"
    assert status(reference, *place, context_bp=18) == "TOO_LONG"
    inserted = ("c", REPEAT, SEQUENCE[REPEAT - 1], SEQUENCE[REPEAT - 1] + "TC")
    assert status(reference, *inserted, context_bp=context_bp) == expected


def test_the_first_reason_that_applies(reference):
    assert status(reference, "gone", 0, "?", "*") == AlleleStatus.STAR
    assert status(reference, "gone", 0, "?", "<DEL>") == AlleleStatus.SYMBOLIC
    assert status(reference, "gone", 1, "C", "T") == AlleleStatus.NO_CONTIG
    assert status(reference, "c", 1, "C", "N") == AlleleStatus.REF_MISMATCH
    assert status(reference, "c", 1, "G", "N" * 50) == AlleleStatus.N_WINDOW
    assert status(reference, "c", 1, "G", "A" * 50) == AlleleStatus.TOO_LONG


@pytest.mark.parametrize(
    ("pos", "ref", "alt"), [(3, "N", "A"), (3, "A", "C"), (4, "R", "A"), (4, "G", "C"), (2, "N", "A"), (2, "C", "Y")]
)
def test_an_allele_with_an_unknown_base_is_not_scored(reference, pos, ref, alt):
    """Unknown in the reference, in REF, or in ALT."""
    found = Assessor(reference).assess(Variant("n", pos, ref, alt))
    assert (found.status, found.change) == (AlleleStatus.N_WINDOW, None)


@pytest.mark.parametrize("check_ref", ["w", "x"])
def test_another_ref_is_not_scored(reference, check_ref):
    assert status(reference, "c", 1, "C", "T", check_ref=check_ref) == AlleleStatus.REF_MISMATCH


@pytest.mark.parametrize(
    ("pos", "ref", "expected"),
    [
        (len(SEQUENCE), "A", "OK"),
        (len(SEQUENCE) - 1, "AA", "OK"),
        (len(SEQUENCE), "AA", "REF_MISMATCH"),
        (len(SEQUENCE), "GA", "REF_MISMATCH"),
        (len(SEQUENCE) + 1, "A", "REF_MISMATCH"),
        (1, "A", "OK"),
        (0, "A", "REF_MISMATCH"),
        (0, "AG", "REF_MISMATCH"),
        (5, "<", "REF_MISMATCH"),
        (5, "*", "REF_MISMATCH"),
    ],
)
def test_the_word_of_the_record_is_taken_within_the_contig(reference, pos, ref, expected):
    """To its very last base, and no further."""
    assert SEQUENCE[-2:] == "CG" and SEQUENCE[0] == "G"
    assert status(reference, "c", pos, ref, "T", check_ref="s") == expected


def test_with_the_word_of_the_record_the_change_is_of_its_ref(reference):
    found = Assessor(reference, check_ref="s").assess(Variant("c", 5, "GG", "GT"))
    assert found.change is not None
    assert (found.change.start, decode_bases(found.change.ref), decode_bases(found.change.alt)) == (5, "G", "T")


def test_a_difference_can_stop_everything(reference):
    assessor = Assessor(reference, check_ref="e")
    for ask in (assessor.assess, assessor.compare):
        with pytest.raises(InputError, match=r"--check-ref e: REF differs from the reference: c:1 REF C, reference G;"):
            ask(Variant("c", 1, "C", "T"))


def test_comparing_counts_as_assessing_does(reference):
    alleles = [("c", 1, "G", "A"), ("c", 1, "C", "A"), ("c", 1, "C", "<DEL>"), ("gone", 1, "A", "C")]
    alleles.append(("n", 3, "N", "A"))
    assessed, compared = Assessor(reference), Assessor(reference)
    for allele in alleles:
        assessed.assess(Variant(*allele))
        compared.compare(Variant(*allele))
    for assessor in (assessed, compared):
        assert (assessor.check.n_checked, assessor.check.n_mismatched) == (2, 1)
    assert assessed.notes() == compared.notes()


def test_what_a_person_should_see(reference):
    assessor = Assessor(reference, {"7": 4})
    assert assessor.notes() == []
    for _ in range(6):
        assessor.assess(Variant("7", 1, "C", "A"))
    contig, mismatches = assessor.notes()
    assert contig == "contig 7 is read as chr7 (both 4 bp)"
    assert "REF differs from the reference in 6 of 6 alleles, which get REF_MISMATCH: 7:1 REF C" in mismatches
    assert mismatches.endswith("; ...") and mismatches.count("REF C, reference A") == 5


def test_letter_case_plays_no_part(reference):
    found = Assessor(reference).assess(Variant("c", 5, "a", "g"))
    assert found.status == AlleleStatus.OK and found.change is not None
    assert (found.change.ref.tolist(), found.change.alt.tolist()) == ([0], [2])


@pytest.mark.parametrize("context_bp", [0, -5])
def test_no_context(reference, context_bp):
    with pytest.raises(InputError, match=f"context of {context_bp} bp"):
        Assessor(reference, context_bp=context_bp)
