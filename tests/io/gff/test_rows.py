"""Coding sequences of annotations: joined over introns, on both strands, or left out for a stated reason."""

from pathlib import Path

import numpy as np
import pytest

from dna_mamba.errors import InputError
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.gff.rows import CodingSequence, read_coding, shared_positions
from tests.evaluation.genes import Row, World, gff, write_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    return write_world(tmp_path)


def codons(sequence: CodingSequence, genome: FastaReader) -> str:
    letters = "".join(genome.fetch(sequence.chrom, p, p + 1).decode() for p in sequence.positions)
    return letters if sequence.strand == "+" else letters.translate(str.maketrans("ACGT", "TGCA"))


def test_codons_run_over_introns_and_on_both_strands(world: World) -> None:
    with FastaReader(world.genome) as genome:
        read = [codons(sequence, genome) for sequence in read_coding(world.genes).sequences]
    assert read == ["ATGTGGAAACGATACTGTTATCGCATA"] * 2


def test_gtf_reads_the_same(world: World, tmp_path: Path) -> None:
    lines = []
    for line in world.genes.read_text().splitlines()[1:]:
        *columns, attributes = line.split("\t")
        transcript = attributes.rpartition("=")[2]
        lines.append("\t".join([*columns, f'gene_id "g"; transcript_id "{transcript}";']))
    (tmp_path / "genes.gtf").write_text("\n".join(lines) + "\n")
    (read,) = read_coding(tmp_path / "genes.gtf").sequences  # one gene, one transcript
    assert read.gene == "g"
    np.testing.assert_array_equal(read.positions, read_coding(world.genes).sequences[0].positions)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([("c", 0, 10, "+", 0, "m"), ("c", 20, 30, "+", 0, "m")], "phases contradict"),
        ([("c", 0, 12, "+", 0, "m"), ("c", 9, 30, "+", 0, "m")], "overlap"),
        ([("c", 0, 12, "+", 0, "m"), ("d", 20, 30, "+", 0, "m")], "several contigs"),
    ],
)
def test_transcripts_that_make_no_sense_are_counted(rows: list[Row], reason: str, tmp_path: Path) -> None:
    (tmp_path / "g.gff").write_text(gff(rows))
    read = read_coding(tmp_path / "g.gff")
    assert not read.sequences and [(reason in why, n) for why, n in read.left_out.items()] == [(True, 1)]


def test_a_partial_first_codon_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "g.gff").write_text(gff([("c", 10, 20, "+", 2, "m")]))
    (sequence,) = read_coding(tmp_path / "g.gff").sequences
    assert sequence.positions.tolist() == list(range(12, 18))


def test_the_longest_transcript_of_a_gene(tmp_path: Path) -> None:
    text = "c\tt\tmRNA\t1\t90\t.\t+\t.\tID=a;Parent=g\nc\tt\tmRNA\t1\t90\t.\t+\t.\tID=b;Parent=g\n"
    rows = gff([("c", 0, 30, "+", 0, "a"), ("c", 0, 60, "+", 0, "b")])
    (tmp_path / "g.gff").write_text(text + rows)
    read = read_coding(tmp_path / "g.gff")
    assert [(s.gene, len(s.positions)) for s in read.sequences] == [("g", 60)]
    assert sum(read.left_out.values()) == 1


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("c\tt\tCDS\t9\t3\t.\t+\t0\tID=a\n", "bad.gff:1: CDS 9-3"),
        ("#\nc\tt\tCDS\t1\t3\t.\t+\t.\tID=a\n", "bad.gff:2: CDS 1-3 on strand '[+]' with phase '.'"),
        ("c\tt\tCDS\n", "bad.gff:1: 3 columns; GFF3 and GTF have nine"),
        ("c\tt\tCDS\t²\t3\t.\t+\t0\tID=a\n", "bad.gff:1: CDS ²-3"),
        ("c\tt\tCDS\t1\t1" + "0" * 5000 + "\t.\t+\t0\tID=a\n", "bad.gff:1: CDS 1-1000"),
        ("c\tt\tCDS\t1\t900000000000\t.\t+\t0\tID=a\n", "bad.gff:1: CDS of 900,000,000,000 bases"),
        ("c\tt\tCDS\t1\t3\t.\t+\t0\tName=a\n", "bad.gff:1: CDS without Parent or transcript_id"),
        ("", "no CDS rows"),
    ],
)
def test_damaged_annotations(text: str, hint: str, tmp_path: Path) -> None:
    (tmp_path / "bad.gff").write_text(text)
    with pytest.raises(InputError, match=hint):
        read_coding(tmp_path / "bad.gff")


def test_what_follows_the_rows_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "g.gff").write_text("# a comment\n\n" + gff([("c", 0, 9, "+", 0, "m")]) + "##FASTA\n>c\nACGT\n")
    assert [s.positions.tolist() for s in read_coding(tmp_path / "g.gff").sequences] == [list(range(9))]


def test_a_row_of_two_transcripts_counts_for_both(tmp_path: Path) -> None:
    (tmp_path / "g.gff").write_text(gff([("c", 0, 9, "+", 0, "a,b"), ("c", 20, 26, "+", 0, "b")]))
    lengths = {s.gene: len(s.positions) for s in read_coding(tmp_path / "g.gff").sequences}
    assert lengths == {"a": 9, "b": 15}


def test_rows_of_the_reverse_strand_may_come_in_any_order(tmp_path: Path) -> None:
    rows: list[Row] = [("c", 0, 5, "-", 2, "m"), ("c", 10, 14, "-", 0, "m")]
    for order in (rows, rows[::-1]):
        (tmp_path / "g.gff").write_text(gff(order))
        (sequence,) = read_coding(tmp_path / "g.gff").sequences
        assert sequence.positions.tolist() == [13, 12, 11, 10, 4, 3, 2, 1, 0]


def test_positions_of_two_genes() -> None:
    genes = [
        CodingSequence("a", "c", "+", np.arange(0, 6)),
        CodingSequence("b", "c", "-", np.arange(3, 9)[::-1]),
        CodingSequence("other", "d", "+", np.arange(0, 6)),
    ]
    assert np.flatnonzero(shared_positions(genes, "c", 12)).tolist() == [3, 4, 5]
