import io

import pytest
from Bio import SeqIO
from Bio.Seq import Seq
from Bio.SeqFeature import SeqFeature, SimpleLocation
from Bio.SeqRecord import SeqRecord

from dna_mamba.errors import InputError
from dna_mamba.io.genbank import read_genbank, read_sequences
from tests.io.packing import PACKINGS

SEQUENCES = {"AB000001.1": "ACGTNRYACGT" * 30, "AB000002.3": "TTGACA" * 11}


def flat_file(flat_format: str) -> bytes:
    records = []
    for name, sequence in SEQUENCES.items():
        record = SeqRecord(Seq(sequence), id=name, name=name.split(".")[0], description=f"about {name}")
        record.annotations["molecule_type"] = "DNA"
        record.features.append(SeqFeature(SimpleLocation(2, 30, strand=-1), type="gene"))
        records.append(record)
    text = io.StringIO()
    SeqIO.write(records, text, flat_format)
    return text.getvalue().encode()


@pytest.mark.parametrize("pack", PACKINGS.values(), ids=PACKINGS)
@pytest.mark.parametrize("flat_format", ["genbank", "embl"])
@pytest.mark.parametrize("read", [read_genbank, read_sequences])
def test_sequences_upper_case_by_accession(tmp_path, pack, flat_format, read):
    path = tmp_path / "records.txt"
    path.write_bytes(pack(flat_file(flat_format)))
    records = list(read(path))
    assert {record.name: record.sequence.decode() for record in records} == SEQUENCES
    assert records[0].description.startswith("about AB000001.1")


def test_fasta_is_told_apart_by_content(give_stdin):
    give_stdin(b">a b\nacGT\n")
    assert list(read_sequences("-")) == [("a", "b", b"acGT")]
    give_stdin(flat_file("genbank"))
    assert [record.name for record in read_sequences("-")] == list(SEQUENCES)


def without_sequence() -> bytes:
    text = flat_file("genbank").decode()
    start = text.index("ORIGIN")
    return (text[:start] + "CONTIG      join(U00001.1:1..330)\n//\n").encode()


def shorter_than_stated() -> bytes:
    return flat_file("genbank").replace(b"330 bp", b"331 bp", 1)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b">a\nACGT\n", "is neither GenBank nor EMBL"),
        (b"", "is neither GenBank nor EMBL"),
        (without_sequence(), "record 'AB000001.1': has no sequence"),
        (shorter_than_stated(), "behind record 0 .*331.*330"),
        (flat_file("genbank")[:-200], "cannot be read as GenBank behind record 1"),
        (flat_file("genbank").replace(b"ttgaca", b"mklvef"), "record 'AB000002.3': 'L' at offset"),
        (b"LOCUS  \x00\xff\n", "0 of 0 GenBank records can be read"),
        (flat_file("genbank").replace(b"LOCUS       AB000002", b"L0CUS       AB000002"), "1 of 2 GenBank records"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path, data, message):
    path = tmp_path / "records.gb"
    path.write_bytes(data)
    with pytest.raises(InputError, match=message) as caught:
        list(read_genbank(path))
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)
