"""Regions against brute force, and against what bcftools selects."""

import pysam
import pysam.bcftools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.genome import Interval
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.vcf import VcfReader, parse_record
from dna_mamba.scoring.variant_files.selection import Regions, selector
from dna_mamba.sequences.regions import as_regions
from tests.io.packing import bgzf
from tests.worlds import write_fasta

places = st.tuples(st.sampled_from("ab"), st.integers(0, 40), st.integers(0, 12))


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    path = tmp_path_factory.mktemp("genome") / "g.fa"
    return FastaReader(write_fasta(path, {"chr1": "ACGT" * 25, "MT": "ACGT" * 10}))


@given(st.lists(places, max_size=8), places)
def test_touch_against_brute_force(regions, place):
    found = Regions(Interval(chrom, start, start + size) for chrom, start, size in regions)
    chrom, start, size = place[0], place[1], place[2] + 1
    wanted = {(c, i) for c, first, n in regions for i in range(first, first + n)}
    assert found.touch(chrom, start, start + size) == any((chrom, i) in wanted for i in range(start, start + size))


def test_overlapping_regions_are_one():
    regions = Regions(
        [Interval("chr1", 4, 10), Interval("chr1", 50, 51), Interval("chr1", 8, 20), Interval("MT", 3, 3)]
    )
    assert str(regions) == "chr1:5-20,chr1:51-51"


@pytest.mark.parametrize("inner", [Interval("c", 10, 20), Interval("c", 0, 1), Interval("c", 99, 100)])
def test_a_region_within_another_takes_nothing_from_it(inner):
    for regions in (Regions([Interval("c", 0, 100), inner]), Regions([inner, Interval("c", 0, 100)])):
        assert str(regions) == "c:1-100"
        assert all(regions.touch("c", i, i + 1) for i in range(100)) and not regions.touch("c", 100, 101)


def test_a_record_counts_by_ref_and_end(reference):
    rows = [
        "1\t5\tbefore\tA\tC\t.\t.\t.",
        "1\t8\tinto\tTACG\tC\t.\t.\t.",
        "1\t10\tfirst\tC\tT\t.\t.\t.",
        "1\t20\tlast\tT\tC\t.\t.\t.",
        "1\t21\tafter\tA\tC\t.\t.\t.",
        "1\t2\tblock\tC\t<NON_REF>\t.\t.\tDP=1;END=10",
        "1\t2\tshort block\tC\t<NON_REF>\t.\t.\tEND=9",
        "1\t2\tother key\tC\t<DEL>\t.\t.\tCIEND=15",
        "2\t12\telsewhere\tA\tC\t.\t.\t.",
        "1\t0\ttelomere\tN\tC\t.\t.\t.",
    ]
    given_records = [parse_record(row, i, "x") for i, row in enumerate(rows)]
    regions = Regions([Interval("chr1", 9, 20)])
    select = selector(regions, reference, {"1": 100})
    assert [record.id for record in select(given_records)] == ["into", "first", "last", "block"]
    assert not list(selector(regions, reference, {"1": 99})(given_records))  # another contig than chr1
    assert list(selector(None, reference, {})(given_records)) == given_records


@pytest.mark.parametrize("region", ["chr1:10-20", "chr1:50-50", "chr1:90-", "chr1:1-3"])
def test_against_bcftools(tmp_path, reference, region):
    """The same records as ``bcftools view -r``: long REFs, blocks and deletions with their END included."""
    header = ["##fileformat=VCFv4.3", "##contig=<ID=chr1,length=100>"]
    header += ['##INFO=<ID=END,Number=1,Type=Integer,Description="end">', '##ALT=<ID=DEL,Description="deletion">']
    rows = [f"chr1\t{pos}\tr{pos}\t{'ACGT'[pos % 4] * (1 + pos % 7)}\tN\t.\t.\t." for pos in range(1, 95)]
    rows += [f"chr1\t{pos}\tend{pos}\tA\t<DEL>\t.\t.\tEND={pos + pos % 30}" for pos in range(1, 70)]
    rows.sort(key=lambda row: int(row.split("\t")[1]))
    path = tmp_path / "in.vcf.gz"
    path.write_bytes(bgzf("\n".join([*header, "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO", *rows, ""]).encode()))
    pysam.tabix_index(str(path), preset="vcf")
    seen = pysam.bcftools.view("-H", "-r", region, str(path)).splitlines()
    with VcfReader(path) as reader:
        found = list(selector(Regions(as_regions([region], reference)), reference, reader.contigs)(reader))
    assert [record.id for record in found] == [line.split("\t")[2] for line in seen]
    assert found
