"""An annotation and its genome: names that differ in style, and genomes that it is not of."""

from pathlib import Path

import pytest

from dna_mamba.annotation.fitting import FittedAnnotation, fit_annotation
from dna_mamba.errors import InputError
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.genbank_features import read_annotation
from tests.evaluation.knowledge.worlds import SmallGenome, write_small_genome
from tests.worlds import random_sequence, write_fasta


def fit(small: SmallGenome, contigs: dict[str, str] | None = None, code: int | None = None) -> FittedAnnotation:
    path = small.genome if contigs is None else write_fasta(small.genome.with_name("other.fa"), contigs)
    with FastaReader(path) as genome:
        return fit_annotation(read_annotation(small.annotation), genome, genetic_code=code, place="genes.gff3")


@pytest.fixture
def small(tmp_path: Path) -> SmallGenome:
    return write_small_genome(tmp_path)


def test_equal_names(small: SmallGenome) -> None:
    fitted = fit(small)
    assert (len(fitted.transcripts), len(fitted.coding.sequences), fitted.genetic_code) == (26, 24, 1)
    assert fitted.notes == [] and fit(small, code=6).genetic_code == 6


def test_names_of_other_styles(small: SmallGenome) -> None:
    for style in ("{}", "gi|55|ref|chr{}|", "CHR{}"):
        renamed = {style.format(name[3:]): letters for name, letters in small.contigs.items()}
        fitted = fit(small, renamed)
        assert {item.chrom for item in fitted.transcripts} == set(list(renamed)[:2])
        assert {sequence.chrom for sequence in fitted.coding.sequences} == set(list(renamed)[:2])
        assert len(fitted.notes) == 2


def test_stated_names_and_lengths(small: SmallGenome) -> None:
    one, two, _ = small.contigs.values()
    text = small.annotation.read_text()
    small.annotation.write_text(f"##sequence-region chr1 1 {len(one)}\n" + text)
    assert len(fit(small, {"scaffold_9": one, "x": "ACGT"}).coding.sequences) == 12  # by its length
    row = f"chr2\tt\tregion\t1\t{len(two)}\t.\t+\t.\tID=chr2:1;Name=IV;gbkey=Src\n"
    small.annotation.write_text(text + row)
    assert {item.chrom for item in fit(small, {"chrIV": two, "y": "A" * len(two)}).transcripts} == {"chrIV"}
    with pytest.raises(InputError, match=r"states .* bp for 'chr2', and the genome has"):
        fit(small, {"chr2": two + "A"})


def test_a_single_contig_is_taken_whatever_its_name_and_checked(small: SmallGenome) -> None:
    one = small.contigs["chr1"]
    rows = [line for line in small.annotation.read_text().splitlines() if not line.startswith("chr2")]
    small.annotation.write_text("\n".join(rows) + "\n")
    assert fit(small, {"K-12": one}).notes == ["contig 'chr1' of the annotation is 'K-12'"]
    with pytest.raises(InputError, match="of 12 coding sequences hold stop codons in genetic code 1"):
        fit(small, {"K-12": random_sequence(len(one), 5)})


def test_annotations_of_other_genomes(small: SmallGenome) -> None:
    with pytest.raises(InputError, match="annotates 'chr1', 'chr2', and the genome has 'a', 'b'"):
        fit(small, {"a": "ACGT", "b": "ACGT"})
    with pytest.raises(InputError, match=r"ends at .* on 'chr1', which has 500 bp"):
        fit(small, {"chr1": small.contigs["chr1"][:500]})
    small.annotation.write_text("chr1\tt\texon\t1\t9\t.\t+\t.\tID=e;Parent=m\n")
    with pytest.raises(InputError, match="has no CDS"):
        fit(small)


def test_genes_over_the_origin_of_a_circle_are_left_out(small: SmallGenome) -> None:
    one = small.contigs["chr1"]
    region = f"chr1\tt\tregion\t1\t{len(one)}\t.\t+\t.\tID=r;Is_circular=true\n"
    over = f"chr1\tt\tCDS\t{len(one) - 2}\t{len(one) + 3}\t.\t+\t0\tID=o\n"
    small.annotation.write_text(small.annotation.read_text() + region + over)
    fitted = fit(small)
    assert len(fitted.coding.sequences) == 24 and "1 transcripts over the origin" in fitted.notes[0]


def test_a_bacterial_code_shows_in_its_starts(tmp_path: Path) -> None:
    starts = ["ATG"] * 9 + ["GTG"]
    text, lines = "", []
    for gene in range(120):
        lines.append(f"c\tp\tCDS\t{len(text) + 1}\t{len(text) + 12}\t.\t+\t0\tID=g{gene}")
        text += starts[gene % 10] + "AAACCCTAA" + "CC"
    small = SmallGenome(write_fasta(tmp_path / "b.fa", {"c": text}), tmp_path / "b.gff", {})
    small.annotation.write_text("\n".join(lines) + "\n")
    assert fit(small).genetic_code == 11
    small.annotation.write_text("\n".join(line + ";transl_table=4" for line in lines) + "\n")
    assert fit(small).genetic_code == 4
