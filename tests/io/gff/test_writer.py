"""Predicted genes as GFF3 that readers take: phases, unique IDs, order."""

from pathlib import Path

from dna_mamba.genome import Contig
from dna_mamba.io.genbank_features import read_annotation
from dna_mamba.io.gff.rows import read_coding, read_rows
from dna_mamba.io.gff.writer import PredictedGene, gff3_header, gff3_rows, phases

GENES = [
    PredictedGene("c=1", "-", ((200, 230), (300, 331), (400, 402)), 12.3456),
    PredictedGene("c=1", "+", ((10, 40), (60, 91), (100, 102)), 7.0),
    PredictedGene("c=1", "+", ((10, 19),), 3.0),
]


def write(path: Path) -> Path:
    path.write_text("\n".join([*gff3_header([Contig("c=1", 500)]), *gff3_rows(GENES)]) + "\n")
    return path


def test_rows_are_read_back_as_they_were(tmp_path: Path) -> None:
    path = write(tmp_path / "genes.gff3")
    read = {item.name: item for item in read_annotation(path).transcripts}
    spans = {(item.strand, tuple((row.start, row.end) for row in item.cds)) for item in read.values()}
    assert spans == {(gene.strand, gene.spans) for gene in GENES}
    coding = read_coding(path)
    assert not +coding.left_out and sorted(len(sequence.positions) for sequence in coding.sequences) == [9, 63, 63]


def test_ids_are_unique_and_rows_sorted(tmp_path: Path) -> None:
    rows = list(read_rows(write(tmp_path / "genes.gff3")))
    ids = [row.attributes["ID"] for row in rows if row.kind != "CDS"]
    assert len(ids) == len(set(ids)) and all(name.startswith("c=1.g") for name in ids)
    starts = [row.span() for row in rows if row.kind == "gene"]
    assert starts == [(10, 102), (10, 19), (200, 402)]
    known = set(ids)
    assert all(row.attributes["Parent"] in known for row in rows if row.kind != "gene")


def test_phases() -> None:
    """After 10 bases two more end the fourth codon; after 14 one more the fifth."""
    assert phases(((0, 10), (20, 24), (30, 34)), "+") == [0, 2, 1]
    assert phases(((0, 4), (10, 14), (20, 30)), "-") == [1, 2, 0]


def test_names_are_encoded_once_and_read_back_as_they_were(tmp_path: Path) -> None:
    """Whatever may stand in a name of FASTA, bytes that are no UTF-8 too; a region begins with base 1."""
    names = ["a=1;b,c", "50%25", "tab&co", "é", "\udcff", "plain.1|x"]
    genes = [PredictedGene(name, "+", ((0, 30),), 1.0) for name in names]
    contigs = [Contig("nothing", 0), *(Contig(name, 40) for name in names)]
    lines = [*gff3_header(contigs), *(row for gene in genes for row in gff3_rows([gene]))]
    assert all(32 < ord(letter) < 127 for line in lines for letter in line.replace("\t", "").replace(" ", ""))
    (tmp_path / "g.gff3").write_text("\n".join(lines) + "\n")
    read = read_annotation(tmp_path / "g.gff3")
    assert [item.chrom for item in read.transcripts] == names and list(read.contigs) == names
    assert [item.gene for item in read.transcripts] == [f"{name}.g1" for name in names]


def test_an_encoded_comma_parts_no_parents(tmp_path: Path) -> None:
    rows = [
        "c\tx\tmRNA\t1\t30\t.\t+\t.\tID=a%2Cb;Parent=g%3B1,h",
        "c\tx\tCDS\t1\t30\t.\t+\t0\tID=cds;Parent=a%2Cb,other",
        'c%41\tx\tCDS\t1\t30\t.\t+\t0\tgene_id "h%41"; transcript_id "t,1";',
    ]
    (tmp_path / "g.gff3").write_text("\n".join(rows) + "\n")
    mrna, cds, gtf = read_rows(tmp_path / "g.gff3")
    assert (mrna.attributes["ID"], mrna.parents, cds.transcripts) == ("a,b", ("g;1", "h"), ("a,b", "other"))
    assert (gtf.chrom, gtf.attributes["gene_id"], gtf.transcripts) == ("c%41", "h%41", ("t,1",))
    assert {item.gene for item in read_coding(tmp_path / "g.gff3").sequences} == {"g;1", "other", "h%41"}
