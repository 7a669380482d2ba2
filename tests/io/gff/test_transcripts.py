"""Genes of every kind, in the ways in which NCBI, Ensembl, GENCODE, UCSC and Prokka write them."""

from pathlib import Path

import pytest

from dna_mamba.errors import InputError
from dna_mamba.io.gff.transcripts import MRNA, NCRNA, PSEUDOGENE, RRNA, TRNA, Transcript, kind_of, read_gff_annotation


def rows(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(line.replace(" ", "\t", 8) for line in lines) + "\n")
    return path


def read(path: Path, *lines: str) -> dict[str, Transcript]:
    return {item.name: item for item in read_gff_annotation(rows(path, *lines)).transcripts}


def test_ncbi_gff3_with_utr_intron_and_stated_contig(tmp_path: Path) -> None:
    annotation = read_gff_annotation(
        rows(
            tmp_path / "a.gff3",
            "##sequence-region NC_1.1 1 900",
            "NC_1.1 RefSeq region 1 900 . + . ID=NC_1.1:1..900;Name=IV;chromosome=IV;gbkey=Src;Is_circular=true",
            "NC_1.1 RefSeq gene 101 400 . - . ID=gene-a;gene_biotype=protein_coding",
            "NC_1.1 RefSeq mRNA 101 400 . - . ID=rna-1;Parent=gene-a;gbkey=mRNA",
            "NC_1.1 RefSeq exon 301 400 . - . ID=e1;Parent=rna-1;transcript_id=NM_1",
            "NC_1.1 RefSeq exon 101 200 . - . ID=e2;Parent=rna-1;transcript_id=NM_1",
            "NC_1.1 RefSeq CDS 301 390 . - 0 ID=c1;Parent=rna-1;transl_table=4",
            "NC_1.1 RefSeq CDS 111 200 . - 0 ID=c1;Parent=rna-1;transl_table=4",
            "NC_1.1 RefSeq long_terminal_repeat 500 520 . + . ID=id-1",
            "NC_1.1 RefSeq sequence_feature 530 540 . + . ID=id-2;Name=x",
        )
    )
    (item,) = annotation.transcripts
    assert (item.name, item.gene, item.kind, item.strand) == ("rna-1", "gene-a", MRNA, "-")
    assert (item.start, item.end, item.exons, item.introns) == (100, 400, ((100, 200), (300, 400)), [(200, 300)])
    assert [(row.start, row.end) for row in item.cds] == [(110, 200), (300, 390)]
    assert [(place.start, place.end) for place in annotation.repeats] == [(499, 520)]
    stated = annotation.contigs["NC_1.1"]
    assert (stated.length, stated.names, stated.is_circular) == (900, {"IV"}, True)
    assert annotation.genetic_codes == {4: 2}


def test_bacterial_genes_have_no_transcript_rows(tmp_path: Path) -> None:
    found = read(
        tmp_path / "a.gff",
        "c Prokka gene 1 30 . + . ID=gene0",
        "c Prokka CDS 1 30 . + 0 ID=cds0;Parent=gene0",
        "c Prokka CDS 41 70 . + 0 ID=lonely",
        "c RefSeq gene 101 130 . + . ID=gene1;pseudo=true",
        "c RefSeq CDS 101 130 . + 0 ID=cds1;Parent=gene1;pseudo=true",
        "c Prokka tRNA 201 270 . - . ID=t1",
        "c Prokka rRNA 301 370 . - . ID=r1",
        "c Prokka tmRNA 401 470 . - . ID=s1",
    )
    assert {name: item.kind for name, item in found.items()} == {
        "gene0": MRNA,
        "lonely": MRNA,
        "gene1": PSEUDOGENE,
        "t1": TRNA,
        "r1": RRNA,
        "s1": NCRNA,
    }
    assert found["gene1"].cds == () and found["t1"].exons == ((200, 270),)


def test_gtf_with_a_stop_codon_apart(tmp_path: Path) -> None:
    names = 'gene_id "g"; transcript_id "t_mRNA";'
    found = read(
        tmp_path / "a.gtf",
        f"chrI ensGene transcript 1 33 . - . {names}",
        f"chrI ensGene exon 1 33 . - . {names}",
        f"chrI ensGene CDS 4 33 . - 0 {names}",
        f"chrI ensGene stop_codon 1 3 . - 0 {names}",
        'chrI ensGene exon 41 50 . + . gene_id "tA"; transcript_id "tA(AGC)_tRNA";',
        'chrI havana exon 61 70 . + . gene_id "x"; transcript_id "x.1"; transcript_type "processed_pseudogene";',
    )
    assert {name: item.kind for name, item in found.items()} == {
        "t_mRNA": MRNA,
        "tA(AGC)_tRNA": TRNA,
        "x.1": PSEUDOGENE,
    }
    item = found["t_mRNA"]
    assert (item.gene, item.start, item.end, item.cds[0].start) == ("g", 0, 33, 3)


def test_ensembl_names_its_contigs_elsewhere(tmp_path: Path) -> None:
    annotation = read_gff_annotation(
        rows(
            tmp_path / "a.gff3",
            "I R64 chromosome 1 230 . . . ID=chromosome:I;Alias=BK006935.2,NC_001133.9,chrI",
            "I sgd ncRNA_gene 5 9 . + . ID=gene:R1;biotype=rRNA",
            "I sgd rRNA 5 9 . + . ID=transcript:R1;Parent=gene:R1;biotype=rRNA",
            "I sgd exon 5 9 . + . Parent=transcript:R1",
        )
    )
    assert annotation.contigs["I"].names == {"BK006935.2", "NC_001133.9", "chrI"}
    assert [(item.name, item.kind, item.gene) for item in annotation.transcripts] == [
        ("transcript:R1", RRNA, "gene:R1"),
    ]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["Mt_tRNA"], TRNA),
        (["exon", "Mt_rRNA"], RRNA),
        (["tmRNA"], NCRNA),
        (["transcript", "lncRNA"], NCRNA),
        (["tRNA", "tRNA_pseudogene"], PSEUDOGENE),
        (["mRNA"], MRNA),
    ],
)
def test_kinds_by_their_words(words: list[str], kind: str) -> None:
    assert kind_of(words, is_coding=False, is_pseudo=False) == kind
    assert kind_of(words, is_coding=False, is_pseudo=True) == PSEUDOGENE


def test_a_damaged_row_is_named(tmp_path: Path) -> None:
    path = rows(tmp_path / "a.gff3", "c x exon 9 5 . + . Parent=t")
    with pytest.raises(InputError, match="exon 9-5"):
        read_gff_annotation(path)
