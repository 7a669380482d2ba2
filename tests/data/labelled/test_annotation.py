"""Labels of bases: what each is by its genes, and what teaches nothing."""

from pathlib import Path

import numpy as np
import pytest

from dna_mamba.annotation.labels import IGNORED
from dna_mamba.data.labelled.annotation import LabelledGenomes, read_labelled_genomes
from dna_mamba.errors import InputError
from tests.worlds import write_fasta

CDS = "ATGGCTGCTTAA"
LETTERS = "N" + "C" * 19 + CDS + "C" * 18 + "TTAAGCAGCCAT" + "C" * 38  # genes at 20-32 (+) and 50-62 (-)


def rows(*features: tuple[str, int, int, str, str, str]) -> str:
    """GFF3 rows of kind, 0-based start, end, strand, phase, attributes."""
    return "".join(
        f"c\tx\t{kind}\t{start + 1}\t{end}\t.\t{strand}\t{phase}\t{text}\n"
        for kind, start, end, strand, phase, text in features
    )


BOTH = rows(("CDS", 20, 32, "+", "0", "ID=a"), ("CDS", 50, 62, "-", "0", "ID=b"))


def read(tmp_path: Path, text: str, letters: str = LETTERS, code: int | None = None) -> LabelledGenomes:
    genome, genes = write_fasta(tmp_path / "g.fa", {"c": letters}), tmp_path / "g.gff3"
    genes.write_text(text)
    return read_labelled_genomes([str(genome)], [str(genes)], genetic_code=code)


def test_codons_of_both_strands(tmp_path: Path) -> None:
    genomes = read(tmp_path, BOTH)
    labels = genomes.contigs[0].labels
    assert genomes.names[:4] == ("intergenic", "coding0+", "coding1+", "coding2+") and len(genomes.names) == 7
    np.testing.assert_array_equal(labels[20:32], np.resize([1, 2, 3], 12))
    np.testing.assert_array_equal(labels[50:62], np.resize([6, 5, 4], 12))
    assert labels[0] == IGNORED and (labels[1:20] == 0).all() and (labels[62:] == 0).all()
    assert [gene.spans for gene in genomes.contigs[0].genes] == [((20, 32),), ((50, 62),)]


def test_a_stop_codon_that_the_file_leaves_out_is_coding(tmp_path: Path) -> None:
    without = rows(("CDS", 20, 29, "+", "0", "ID=a"), ("CDS", 53, 62, "-", "0", "ID=b"))
    np.testing.assert_array_equal(read(tmp_path, without).contigs[0].labels, read(tmp_path, BOTH).contigs[0].labels)


def test_introns_and_untranslated_regions(tmp_path: Path) -> None:
    text = rows(
        ("mRNA", 10, 45, "+", ".", "ID=t"),
        ("exon", 10, 24, "+", ".", "Parent=t"),
        ("exon", 28, 45, "+", ".", "Parent=t"),
        ("CDS", 20, 24, "+", "0", "ID=x;Parent=t"),
        ("CDS", 28, 40, "+", "2", "ID=x;Parent=t"),
    )
    letters = "C" * 20 + "ATGGGTAGCTGCTGCTGCTAA" + "C" * 30
    genomes = read(tmp_path, text, letters, code=1)
    labels = [genomes.names[label] for label in genomes.contigs[0].labels]
    assert set(labels[10:20]) == {"UTR+"} and set(labels[24:28]) == {"intron+"} and set(labels[:10]) == {"intergenic"}
    assert labels[20:24] == ["coding0+", "coding1+", "coding2+", "coding0+"] and labels[28] == "coding1+"


def test_codons_of_two_genes_teach_nothing(tmp_path: Path) -> None:
    letters = "C" * 20 + "ATGGCATGACTTAA" + "C" * 30
    text = rows(("CDS", 20, 29, "+", "0", "ID=a"), ("CDS", 25, 34, "+", "0", "ID=b"))
    labels = read(tmp_path, text, letters, code=11).contigs[0].labels
    assert (labels[25:29] == IGNORED).all()
    np.testing.assert_array_equal(labels[20:25], [1, 2, 3, 1, 2])
    np.testing.assert_array_equal(labels[29:34], [2, 3, 1, 2, 3])


def test_what_cannot_be_read_teaches_nothing(tmp_path: Path) -> None:
    text = BOTH + rows(
        ("gene", 70, 80, "+", ".", "ID=p;pseudo=true"),
        ("CDS", 82, 86, "+", "0", "ID=f"),
        ("CDS", 88, 92, "+", "0", "ID=f"),  # its phase should be 2
    )
    labels = read(tmp_path, text, code=11).contigs[0].labels
    assert (labels[70:80] == 0).all()
    assert (labels[82:86] == IGNORED).all() and (labels[88:92] == IGNORED).all() and (labels[86:88] == 0).all()


def test_mistakes(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no CDS"):
        read(tmp_path, rows(("gene", 20, 32, "+", ".", "ID=a")))
    with pytest.raises(InputError, match="2 genomes and 1 annotations"):
        read_labelled_genomes(["a.fa", "b.fa"], ["a.gff3"])
