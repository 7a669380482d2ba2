import io

import pytest
from Bio import SeqIO
from Bio.Seq import Seq
from Bio.SeqFeature import SeqFeature, SimpleLocation
from Bio.SeqRecord import SeqRecord

from dna_mamba.errors import InputError
from dna_mamba.io.fasta import read_sequences
from dna_mamba.io.genbank import read_genbank
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


@pytest.mark.parametrize("accession", ["ACCESSION   .\nVERSION     .\n", "ACCESSION\nVERSION\n", "ACCESSION   .\n", ""])
def test_the_locus_name_stands_in_for_a_missing_accession(give_stdin, accession):
    """As SnapGene and others write plasmids."""
    record = (
        "LOCUS       {}                      12 bp    DNA     circular SYN 01-JAN-2020\nDEFINITION  .\n{}"
        "FEATURES             Location/Qualifiers\nORIGIN\n        1 ggtattattt tt\n//\n"
    )
    give_stdin("".join(record.format(name, accession) for name in ("pUC19", "pUC20")).encode())
    assert [(name, letters) for name, _, letters in read_genbank("-")] == [
        ("pUC19", b"GGTATTATTTTT"),
        ("pUC20", b"GGTATTATTTTT"),
    ]


EMBL = "ID   {}; linear; genomic DNA; STD; PRO; 4 BP.\n{}SQ   Sequence 4 BP;\n     acgt       4\n//\n"


@pytest.mark.parametrize(
    ("first", "accession", "name"),
    [
        ("X56734; SV 1", "AC   X56734;\n", "X56734.1"),
        ("contig_1; ", "", "contig_1"),
        ("XXX; XXX", "AC   ;\n", "XXX"),
    ],
)
def test_names_of_embl(give_stdin, first, accession, name):
    give_stdin(EMBL.format(first, accession).encode())
    assert [(record.name, record.sequence) for record in read_genbank("-")] == [(name, b"ACGT")]


def test_bytes_that_are_not_utf8_and_a_byte_order_mark(give_stdin):
    give_stdin(b"\xef\xbb\xbf" + EMBL.format("caf#; ", "").encode().replace(b"#", b"\xe9"))
    assert [record.name for record in read_sequences("-")] == ["caf\udce9"]


def without_sequence() -> bytes:
    text = flat_file("genbank").decode()
    start = text.index("ORIGIN")
    return (text[:start] + "CONTIG      join(U00001.1:1..330)\n//\n").encode()


def run_together() -> bytes:
    """As annotation programs write contigs of long names."""
    name = b"NODE_1_length_123456_cov_13.66331330 bp"
    text = flat_file("genbank")
    start = text.index(b"AB000001")
    return text[:start] + name + text[text.index(b" bp", start) + 3 :]


def shorter_than_stated() -> bytes:
    return flat_file("genbank").replace(b"330 bp", b"331 bp", 1)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b">a\nACGT\n", "is neither GenBank nor EMBL"),
        (b"", "is neither GenBank nor EMBL"),
        (EMBL.format("; ", "AC   ;\n").encode(), r"records\.gb:1: record without an accession or a name"),
        (without_sequence(), "record 'AB000001.1': has no sequence"),
        (flat_file("embl").replace(b"330 BP", b"331 BP"), r"records\.gb:1: record .* states 331 bp and has 330"),
        (run_together(), r"records\.gb:1: 'LOCUS       NODE_1_.*rename the contigs"),
        (flat_file("genbank").replace(b"        1 acg", b" x acg"), r"records\.gb:\d+: ' x acg.*mend this line"),
        (flat_file("embl").replace(b"; SV 1;", b" SV 1"), r"records\.gb:1: 'ID   AB000001.*mend this line"),
        (shorter_than_stated(), r"records\.gb:1: record 'AB000001\.1' states 331 bp and has 330"),
        (flat_file("genbank")[:-200], r"records\.gb:26: GenBank ends within the record of line 19"),
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
