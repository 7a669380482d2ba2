import re

import pytest

from dna_mamba.alphabet import decode_bases
from dna_mamba.data.labelled.variants import read_variants
from dna_mamba.errors import InputError
from tests.data.labelled.places import CHR1, CHR2, write, write_genome

HEADER = "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
OTHER = {"A": "C", "C": "G", "G": "T", "T": "A"}


def snv(pos: int, info: str, sequence: str = CHR1, chrom: str = "chr1", alt: str = "") -> str:
    ref = sequence[pos - 1]
    return f"{chrom}\t{pos}\t.\t{ref}\t{alt or OTHER[ref]}\t.\t.\t{info}\n"


GOOD = HEADER + snv(50, "CLASS=good;G=x") + snv(20, "CLASS=bad;G=y", CHR2, "2") + snv(60, "G=x")


def read(tmp_path, text, **options):
    options = {"window_bp": 21} | options
    return read_variants(write(tmp_path, "v.vcf", text), write_genome(tmp_path), **options)


def test_windows_have_the_allele_in_their_middle(tmp_path):
    found = read(tmp_path, GOOD)
    assert (found.names, found.labels.tolist()) == (("bad", "good"), [1, 0])
    refs, alts = ([decode_bases(codes) for codes in some] for some in (found.sequences, found.alternatives))
    assert refs == [CHR1[39:60], CHR2[9:30]]
    assert alts == [CHR1[39:49] + OTHER[CHR1[49]] + CHR1[50:60], CHR2[9:19] + OTHER[CHR2[19]] + CHR2[20:30]]
    assert found.ids[0] == f"chr1:50:{CHR1[49]}:{OTHER[CHR1[49]]}"
    assert found.chroms == ["chr1", "chr2"]
    assert any("1 alleles left out (no INFO/CLASS)" in note for note in found.notes)


def test_groups_are_contigs_or_of_info(tmp_path):
    assert read(tmp_path, GOOD, group="chrom").groups == ["chr1", "2"]
    assert read(tmp_path, GOOD, group="INFO/G").groups == ["x", "y"]


def test_one_label_for_all_alleles_or_one_each(tmp_path):
    ref = CHR1[49]
    alts = ",".join(sorted(set("ACGT") - {ref})[:2])
    each = read(tmp_path, HEADER + snv(50, "S=0.5,2.5", alt=alts), label="INFO/S")
    assert each.labels.tolist() == [[0.5], [2.5]]
    shared = read(tmp_path, HEADER + snv(50, "CLASS=a", alt=alts) + snv(70, "CLASS=b"))
    assert shared.labels.tolist() == [0, 0, 1]


def test_labels_of_a_table_keyed_by_variant(tmp_path):
    table = f"chrom\tpos\tref\talt\ty\nchr1\t50\t{CHR1[49]}\t{OTHER[CHR1[49]]}\t0.5\nchr1\t60\t{CHR1[59]}\t"
    table += f"{OTHER[CHR1[59]]}\t1.5\n"
    path = write(tmp_path, "y.tsv", table)
    found = read(tmp_path, GOOD, label="y", label_table=path)
    assert found.labels.tolist() == [[0.5], [1.5]]
    alone = read_variants(path, write_genome(tmp_path), window_bp=21, label="y")
    assert (alone.ids, alone.labels.tolist()) == (found.ids, found.labels.tolist())


def test_a_deletion_has_flanks_of_equal_length(tmp_path):
    at = next(i for i in range(50, 90) if len({CHR1[i], CHR1[i + 1], CHR1[i + 2]}) == 3)
    line = f"chr1\t{at + 1}\t.\t{CHR1[at : at + 2]}\t{CHR1[at]}\t.\t.\tCLASS=a\n"
    found = read(tmp_path, HEADER + line + snv(120, "CLASS=b"))
    ref, alt = decode_bases(found.sequences[0]), decode_bases(found.alternatives[0])
    assert alt == ref[: len(alt) // 2] + ref[len(alt) // 2 + 1 :]


@pytest.mark.parametrize(
    ("text", "options", "told"),
    [
        (GOOD, {"label": "INFO/NOPE"}, "no allele can be learnt from: 3 no INFO/NOPE"),
        (GOOD.replace("chr1\t50", "chr1\t51"), {}, "v.vcf:3: REF "),
        (GOOD.replace("chr1\t50", "chr9\t50"), {}, "v.vcf:3: the genome has no contig 'chr9'"),
        (GOOD + snv(50, "CLASS=bad"), {}, "is that of"),
        (GOOD.replace("CLASS=bad", "CLASS=good"), {}, "label 'good' never varies"),
        (GOOD.replace("CLASS=bad", "CLASS=."), {}, "v.vcf:4: label 'INFO/CLASS' is ."),
        (GOOD.replace("CLASS=bad", "CLASS=a,b,c"), {}, "v.vcf:4: INFO/CLASS has 3 values for 1 alleles"),
        (GOOD.replace("G=y", "H=y"), {"group": "INFO/G"}, "v.vcf:4: no INFO/G"),
        (HEADER + snv(50, "CLASS=a", alt="<DEL>"), {}, "1 symbolic or missing alleles"),
        ("not a vcf\n", {}, "no VCF header"),
    ],
)
def test_mistakes_are_one_line_that_names_the_place(tmp_path, text, options, told):
    if "REF" in told and CHR1[49] == CHR1[50]:
        pytest.fail("the test needs two different bases here")
    with pytest.raises(InputError, match=re.escape(told)) as error:
        read(tmp_path, text, **options)
    assert "\n" not in str(error.value)
