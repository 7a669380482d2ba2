"""Features of GenBank files, against the same annotation in GFF3."""

from pathlib import Path

import pytest

from dna_mamba.errors import InputError
from dna_mamba.io.genbank_features import read_annotation
from dna_mamba.io.gff.rows import coding_of
from dna_mamba.io.gff.transcripts import MRNA, PSEUDOGENE, TRNA

RECORD = """LOCUS       TOY                     120 bp    DNA     circular BCT 01-JAN-2000
DEFINITION  toy.
ACCESSION   TOY
VERSION     TOY.1
FEATURES             Location/Qualifiers
     source          1..120
                     /plasmid="pToy"
     mRNA            complement(join(5..30,41..70))
                     /gene="a"
     CDS             complement(join(10..30,41..61))
                     /gene="a"
                     /codon_start={codon_start}
                     /transl_table=11
     CDS             80..88
                     /locus_tag="b"
                     /pseudo
     tRNA            90..100
     repeat_region   101..110
     CDS             join(115..120,1..3)
                     /gene="o"
{origin}//
"""
ORIGIN = "ORIGIN\n" + "".join(f"{at:>9} {'acgtacgtac ' * 6}\n" for at in (1, 61))


def write(path: Path, codon_start: int = 1, origin: str = ORIGIN) -> Path:
    path.write_text(RECORD.format(codon_start=codon_start, origin=origin))
    return path


@pytest.mark.parametrize("origin", [ORIGIN, "CONTIG      join(X:1..120)\n"])
def test_features_with_and_without_the_sequence(tmp_path: Path, origin: str) -> None:
    annotation = read_annotation(write(tmp_path / "a.gb", origin=origin))
    a_rna, a, b, trna = annotation.transcripts  # and none over the origin
    assert [item.kind for item in annotation.transcripts] == [MRNA, MRNA, PSEUDOGENE, TRNA]
    assert (a.chrom, a.gene, a.strand, a.exons, a.introns) == ("TOY.1", "a", "-", ((9, 30), (40, 61)), [(30, 40)])
    assert [(row.start, row.end, row.phase) for row in a.cds] == [(9, 30, 0), (40, 61, 0)]
    assert a_rna.exons == ((4, 30), (40, 70)) and b.cds == () and (trna.start, trna.end) == (89, 100)
    assert [(place.start, place.end) for place in annotation.repeats] == [(100, 110)]
    assert annotation.genetic_codes == {11: 1}
    stated = annotation.contigs["TOY.1"]
    assert (stated.length, stated.is_circular) == (120, True) and {"pToy", "TOY"} <= stated.names


def test_codon_start_gives_the_phases_of_gff3(tmp_path: Path) -> None:
    annotation = read_annotation(write(tmp_path / "a.gb", codon_start=3))
    rows = annotation.transcripts[1].cds
    assert [(row.start, row.phase) for row in rows] == [(9, 2), (40, 2)]
    coding = coding_of([("a", rows)])
    assert coding.sequences[0].positions[:3].tolist() == [58, 57, 56]
    with pytest.raises(InputError, match="codon_start '7'"):
        read_annotation(write(tmp_path / "b.gb", codon_start=7))


def test_gff3_is_told_by_content(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("c\tx\tCDS\t1\t9\t.\t+\t0\tID=a\n")
    assert read_annotation(tmp_path / "a.txt").transcripts[0].gene == "a"
