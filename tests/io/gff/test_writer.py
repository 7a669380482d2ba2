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
    assert len(ids) == len(set(ids)) and all("%3D" in name for name in ids)
    starts = [row.span() for row in rows if row.kind == "gene"]
    assert starts == [(10, 102), (10, 19), (200, 402)]
    known = set(ids)
    assert all(row.attributes["Parent"] in known for row in rows if row.kind != "gene")


def test_phases() -> None:
    """After 10 bases two more end the fourth codon; after 14 one more the fifth."""
    assert phases(((0, 10), (20, 24), (30, 34)), "+") == [0, 2, 1]
    assert phases(((0, 4), (10, 14), (20, 30)), "-") == [1, 2, 0]
