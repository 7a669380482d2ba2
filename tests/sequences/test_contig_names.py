import pytest

from dna_mamba.sequences.contig_names import ContigMap


def matched(reference, stated, chrom):
    contigs = ContigMap(reference, stated)
    return contigs.find(chrom), contigs.notes


@pytest.mark.parametrize(
    ("name", "other"), [("1", "chr1"), ("chr1", "1"), ("MT", "chrM"), ("chrM", "MT"), ("M", "chrMT")]
)
def test_another_spelling_of_equal_length_is_taken_and_listed(name, other):
    found, notes = matched({other: 16_569}, {name: 16_569}, name)
    assert found == other
    assert notes == [f"contig {name} is read as {other} (both 16,569 bp)"]


@pytest.mark.parametrize(("name", "other"), [("1", "chr1"), ("MT", "chrM")])
def test_another_length_is_not_taken(name, other):
    found, notes = matched({other: 16_571}, {name: 16_569}, name)
    assert found is None
    assert "16,571" in notes[0]
    assert "16,569" in notes[0]
    assert "NO_CONTIG" in notes[0]


def test_without_a_length_the_spelling_decides():
    assert matched({"20": 100}, {"chr20": None}, "chr20")[0] == "20"
    assert matched({"20": 100}, {}, "chr20")[0] == "20"


def test_without_a_length_the_mitochondrion_is_not_guessed():
    assert matched({"chrM": 16_571}, {}, "MT")[0] is None


def test_the_same_name_comes_first_and_is_not_noted():
    assert matched({"1": 10, "chr1": 20}, {"1": 10}, "1") == ("1", [])


def test_the_same_name_with_another_length_is_doubted():
    found, notes = matched({"chr1": 20}, {"chr1": 10}, "chr1")
    assert found == "chr1"
    assert "another build?" in notes[0]


def test_a_contig_nobody_knows():
    contigs = ContigMap({"chr1": 20})
    assert [contigs.find("HLA-A") for _ in range(3)] == [None] * 3
    assert len(contigs.notes) == 1
