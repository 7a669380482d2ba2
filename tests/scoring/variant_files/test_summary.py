from dna_mamba.alphabet import LetterCounts
from dna_mamba.genome import Variant
from dna_mamba.scoring import AlleleStatus, VariantScore
from dna_mamba.scoring.variant_files.summary import ScoreSummary, letters_line

SNV = Variant("c", 1, "A", "C")
SCORED, MISSING = VariantScore(SNV, AlleleStatus.OK, {"llr": 0.0}), VariantScore(SNV, AlleleStatus.NO_CONTIG)


def test_records_alleles_and_statuses():
    summary = ScoreSummary(notes=["contig 1 is read as chr1"])
    for scores in ([SCORED, MISSING], [], [SCORED]):
        summary.add(scores)
    assert summary.lines() == [
        "contig 1 is read as chr1",
        "3 records in and out, 3 alleles, 2 scored",
        "status: OK 2, NO_CONTIG 1",
    ]


def test_nothing_scored_is_said():
    summary = ScoreSummary()
    summary.add([MISSING])
    assert summary.lines()[-1] == "warning: not a single allele was scored"


def test_letters_of_all_contigs_together():
    line = letters_line([LetterCounts(1000, 1, 2, 3, 4), LetterCounts(500, 0, 0, 1, 0)])
    assert line.startswith("reference: 1,500 bp, 1 N, 2 other ambiguity codes (read as N), 4 soft-masked")
