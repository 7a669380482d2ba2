"""One reading of a VCF, without a model."""

import pytest

from dna_mamba.errors import InputError
from dna_mamba.genome import Variant
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.vcf import parse_record
from dna_mamba.scoring.variant_files.survey import alleles_of, survey_records
from dna_mamba.scoring.variants.assess import Assessor
from tests.worlds import write_fasta


@pytest.fixture
def reference(tmp_path):
    return FastaReader(write_fasta(tmp_path / "g.fa", {"c": "A" * 50, "d": "A" * 50}))


def records(*places, ref="A", alt="C"):
    return [parse_record(f"{chrom}\t{pos}\t.\t{ref}\t{alt}\t.\t.\t.", i, "x") for i, (chrom, pos) in enumerate(places)]


def test_alleles_in_the_order_of_alt():
    (record,) = records(("c", 9), alt="C,<DEL>,*")
    assert alleles_of(record) == tuple(Variant("c", 9, "A", alt) for alt in ("C", "<DEL>", "*"))
    assert alleles_of(records(("c", 9), alt=".")[0]) == ()


@pytest.mark.parametrize(
    ("places", "broken_at"),
    [
        ([], None),
        ([("c", 9)], None),
        ([("c", 0), ("c", 1), ("c", 1), ("c", 2), ("d", 1), ("e", 5)], None),
        ([("d", 1), ("c", 1)], None),
        ([("c", 2), ("c", 1), ("c", 0)], "c:1"),
        ([("c", 2), ("d", 1), ("c", 3)], "c:3"),
        ([("c", 2), ("d", 1), ("c", 3), ("c", 1)], "c:3"),
        ([("c", 5), ("d", 5), ("d", 4)], "d:4"),
    ],
)
def test_the_first_record_out_of_order(reference, places, broken_at):
    told = []
    survey = survey_records(records(*places), Assessor(reference), told.append)
    assert (survey.n_records, survey.unsorted) == (len(places), broken_at)
    assert told == [1] * len(places)


def test_the_whole_is_judged_at_the_end(reference):
    wrong, right = records(("c", 1), ref="C"), records(("c", 1))
    survey = survey_records(wrong * 5 + right * 95, Assessor(reference), lambda count: None)
    assert survey.n_records == 100 and "5 of 100 alleles" in survey.notes[0]
    with pytest.raises(InputError, match=r"6 of 100 alleles .*wrong build"):
        survey_records(wrong * 6 + right * 94, Assessor(reference), lambda count: None)


def test_contigs_are_matched_and_listed(reference):
    survey = survey_records(records(("chrc", 1), ("x", 1)), Assessor(reference, {"chrc": 50}), lambda count: None)
    assert survey.notes == [
        "contig chrc is read as c (both 50 bp)",
        "contig x is not in the reference: its alleles get NO_CONTIG",
    ]
