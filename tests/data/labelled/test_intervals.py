import re

import pytest

from dna_mamba.alphabet import decode_bases, reverse_complement
from dna_mamba.data.labelled.intervals import read_intervals
from dna_mamba.errors import InputError
from tests.data.labelled.places import CHR1, CHR2, write, write_genome

BED = "chr1\t10\t30\tyes\t0\t+\nchr2\t5\t45\tno\t0\t-\n1\t100\t120\tyes\t0\t.\n"


def test_bed_rows_are_read_on_their_strand(tmp_path):
    found = read_intervals(write(tmp_path, "p.bed", "track name=x\n" + BED), write_genome(tmp_path))
    expected = [CHR1[10:30], reverse_complement(CHR2[5:45]), CHR1[100:120]]
    assert [decode_bases(codes) for codes in found.sequences] == expected
    assert (found.names, found.labels.tolist()) == (("no", "yes"), [1, 0, 1])
    assert found.chroms == ["chr1", "chr2", "chr1"]
    assert found.ids == ["chr1:11-30+", "chr2:6-45-", "chr1:101-120"]


def test_a_table_with_names_of_columns(tmp_path):
    text = "start\tchrom\tend\ty\tset\n10\tchr1\t30\t0.5\ttrain\n5\tchr2\t45\t1.5\ttest\n"
    found = read_intervals(
        write(tmp_path, "p.tsv", text),
        write_genome(tmp_path),
        label_columns=["y"],
        fold_column="set",
        group_column="chrom",
    )
    assert (found.task, found.folds, found.groups) == ("regression", ["train", "test"], ["chr1", "chr2"])


def test_windows_around_the_middle_reach_past_the_contig_as_n(tmp_path):
    found = read_intervals(write(tmp_path, "p.bed", BED), write_genome(tmp_path), window_bp=60)
    assert decode_bases(found.sequences[0]) == "N" * 10 + CHR1[:50]
    assert decode_bases(found.sequences[1]) == reverse_complement("N" * 5 + CHR2[:55])


def test_scores_and_further_columns_can_be_labels(tmp_path):
    text = "chr1\t10\t30\tx\t0.5\t+\ta\nchr1\t50\t60\ty\t1.5\t+\tb\n"
    path, genome = write(tmp_path, "p.bed", text), write_genome(tmp_path)
    assert read_intervals(path, genome, label_columns=["score"]).labels.tolist() == [[0.5], [1.5]]
    assert read_intervals(path, genome, label_columns=["7"]).names == ("a", "b")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (BED.replace("120", "700"), "p.bed:3: region 1:101-700 (1-based) ends past chr1, which has 460 bp"),
        (BED.replace("chr2", "chr7"), "p.bed:2: region chr7:6-45 (1-based): no contig 'chr7'"),
        (BED.replace("5\t45", "45\t5"), "p.bed:2: start 45 is past end 5"),
        (BED.replace("5\t45", "5\t5"), "p.bed:2: interval chr2:5-5 is empty"),
        (BED.replace("5\t45", "5.0\t45"), "p.bed:2: '5.0' is not a position"),
        (BED.replace("0\t-", "0\tx"), "p.bed:2: strand 'x'"),
        (BED + BED.splitlines()[0], "p.bed:4: id 'chr1:11-30+' is that of"),
        (BED.replace("no", "yes"), "label 'yes' never varies"),
        ("chrom\tpos\tlabel\nchr1\t5\ta\n", "no column 'start'"),
        ("chr1\t10\t30\nchr1\t40\t50\n", "no column 'name'"),
    ],
)
def test_mistakes_are_one_line_that_names_the_place(tmp_path, text, told):
    with pytest.raises(InputError, match=re.escape(told)) as error:
        read_intervals(write(tmp_path, "p.bed", text), write_genome(tmp_path))
    assert "\n" not in str(error.value)
