import re

import pytest

from dna_mamba.alphabet import decode_bases
from dna_mamba.data.labelled.fasta_classes import read_fasta_classes
from dna_mamba.errors import InputError
from tests.data.labelled.places import write


def test_a_class_a_file(tmp_path):
    one, two = write(tmp_path, "a.fa", ">r1 x\nACGT\nAC\n"), write(tmp_path, "b.fa", ">r2\nggTT\n>r3\nCC\n")
    found = read_fasta_classes([f"promoter={one}", f"other={two}"])
    assert (found.ids, found.names, found.labels.tolist()) == (["r1", "r2", "r3"], ("other", "promoter"), [1, 0, 0])
    assert [decode_bases(codes) for codes in found.sequences] == ["ACGTAC", "ggTT", "CC"]


def test_records_of_one_name_are_called_by_class_and_number(tmp_path):
    one, two = write(tmp_path, "a.fa", ">r\nACGT\n>r\nAA\n"), write(tmp_path, "b.fa", ">r\nGG\n")
    found = read_fasta_classes([f"a={one}", f"b={two}"])
    assert found.ids == ["a/1", "a/2", "b/1"]
    assert found.notes


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (["{d}/a.fa", "b={d}/b.fa"], "is not class=path"),
        (["a={d}/a.fa", "b={d}/empty.fa"], "empty.fa: is empty"),
        (["a={d}/a.fa", "b={d}/hollow.fa"], "hollow.fa: record 'r9': has no sequence"),
        (["a={d}/a.fa"], "label 'a' never varies"),
        (["a={d}/a.fa", "b={d}/missing.fa"], "cannot be read"),
        (["a={d}/a.fa", "b={d}/protein.fa"], "'L' at offset 1"),
    ],
)
def test_mistakes_are_one_line(tmp_path, files, told):
    write(tmp_path, "a.fa", ">r1\nACGT\n")
    write(tmp_path, "b.fa", ">r2\nACGT\n")
    write(tmp_path, "empty.fa", "")
    write(tmp_path, "hollow.fa", ">r9\n>r8\nAC\n")
    write(tmp_path, "protein.fa", ">p\nMLE\n")
    with pytest.raises(InputError, match=re.escape(told)) as error:
        read_fasta_classes([text.format(d=tmp_path) for text in files])
    assert "\n" not in str(error.value)
