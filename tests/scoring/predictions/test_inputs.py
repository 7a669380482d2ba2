"""What an input holds, by how it begins."""

import gzip

import pytest

from dna_mamba.checkpoints import save_model
from dna_mamba.errors import InputError
from dna_mamba.io.fasta import FastaReader
from dna_mamba.scoring.predictions.inputs import head_at, kind_of_input, rows_of
from dna_mamba.scoring.predictions.rows import IntervalRows, SequenceRows, TableRows
from tests.scoring.predictions.worlds import CLASSES, head_model
from tests.worlds import small_model, write_fasta


@pytest.mark.parametrize(
    ("begin", "kind"),
    [
        (">x\nACGT\n", "sequences"),
        ("\n>x\nACGT\n", "sequences"),
        ("LOCUS       x\n", "sequences"),
        ("##fileformat=VCFv4.2\n", "variants"),
        ("id\tsequence\n", "lines"),
        ("c\t1\t2\n", "lines"),
    ],
)
def test_the_beginning_tells(tmp_path, begin, kind):
    (tmp_path / "plain").write_text(begin)
    (tmp_path / "packed").write_bytes(gzip.compress(begin.encode()))
    assert kind_of_input(tmp_path / "plain") == kind_of_input(tmp_path / "packed") == kind


def test_rows_are_of_the_kind_of_the_input(tmp_path):
    fasta = write_fasta(tmp_path / "g.fa", {"c": "ACGT"})
    for name, text in (("i.bed", "c\t1\t2\n"), ("t.tsv", "id\tsequence\n"), ("v.vcf", "##fileformat=VCFv4.2\n")):
        (tmp_path / name).write_text(text)
    genome = FastaReader(fasta)
    assert isinstance(rows_of(fasta), SequenceRows) and isinstance(rows_of(tmp_path / "t.tsv"), TableRows)
    assert isinstance(rows_of(tmp_path / "i.bed", genome), IntervalRows)
    assert rows_of(fasta, genome, regions=[]).has_places
    for name, given, said in (
        ("i.bed", None, "intervals have no letters"),
        ("v.vcf", None, "is VCF, and the head answers sequences"),
        ("g.fa", genome, "is FASTA, and -f gives the genome"),
    ):
        with pytest.raises(InputError, match=said):
            rows_of(tmp_path / name, given)


def test_the_head_of_a_directory(tmp_path):
    save_model(head_model(), tmp_path / "head")
    save_model(small_model(), tmp_path / "lm")
    assert head_at(tmp_path / "head") == CLASSES
    with pytest.raises(InputError, match="language model"):
        head_at(tmp_path / "lm")
