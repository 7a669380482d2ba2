"""How far records reach, against htslib, and which of them regions touch, against bcftools."""

from pathlib import Path

import pysam
import pysam.bcftools
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dna_mamba.genome import Interval
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.vcf import VcfReader, parse_record
from dna_mamba.io.vcf.extent import record_end
from dna_mamba.scoring.variant_files.selection import Regions, selector
from tests.io.packing import bgzf
from tests.worlds import write_fasta

LENGTH = 400
HEADER = (
    "##fileformat=VCFv4.5",
    f"##contig=<ID=c,length={LENGTH}>",
    '##INFO=<ID=END,Number=1,Type=Integer,Description="End">',
    '##INFO=<ID=SVLEN,Number=A,Type=Integer,Description="Length of the structural variant">',
    '##INFO=<ID=CIEND,Number=2,Type=Integer,Description="Confidence interval around END">',
    '##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">',
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
    '##FORMAT=<ID=LEN,Number=1,Type=Integer,Description="Length of the reference block">',
    *(
        f'##ALT=<ID={name},Description="x">'
        for name in ("DEL", "DUP", "INV", "CNV", "INS", "DEL:ME", "CNV:TR", "CN0", "*", "NON_REF", "X", "DELE")
    ),
)
ALTS = (
    *("<DEL>", "<DUP>", "<INV>", "<CNV>", "<INS>", "<DEL:ME>", "<CNV:TR>", "<DUP:TANDEM>"),
    *("<CN0>", "<*>", "<NON_REF>", "<X>", "<DELE>", "*", "T", "TTTT", "N[c:300["),
)
numbers = st.integers(-30, 120).map(str) | st.just(".")
lengths = st.lists(numbers, min_size=1, max_size=4).map(",".join)


@st.composite
def info_columns(draw, n_alts, pos):
    """END, SVLEN and entries that look like them, in any order, some of them twice."""
    ends = st.integers(max(0, pos - 20), pos + 90).map(lambda end: f"END={end}")
    entries = st.one_of(
        ends,
        lengths.map(lambda values: f"SVLEN={values}"),
        st.lists(numbers, min_size=n_alts, max_size=n_alts).map(lambda values: f"SVLEN={','.join(values)}"),
        st.sampled_from(["DP=3", "CIEND=90,95", "END=.", "SVLEN=."]),
    )
    return ";".join(draw(st.lists(entries, max_size=4))) or "."


@st.composite
def sample_columns(draw, n_samples):
    """FORMAT, with LEN in no, any or the last place, and samples of which some end early."""
    keys = draw(st.sampled_from([["GT"], ["GT", "LEN"], ["LEN"], ["LEN", "DP2"], ["GT", "DP2", "LEN"]]))
    keys = [key for key in keys if key != "DP2"] if n_samples == 0 else keys
    samples = []
    for _ in range(n_samples):
        values = [draw(numbers) if key != "GT" else "0/1" for key in keys]
        samples.append(":".join(values[: draw(st.integers(1, len(values)))]))
    return [":".join(keys), *samples] if n_samples else []


@st.composite
def rows(draw, n_samples, first_pos):
    pos = draw(st.integers(first_pos, 250))
    ref = draw(st.text("ACGTN", min_size=1, max_size=6))
    alts = draw(st.lists(st.sampled_from(ALTS), min_size=1, max_size=3) | st.just(["."]))
    info = draw(info_columns(len(alts), pos))
    return "\t".join(["c", str(pos), ".", ref, ",".join(alts), ".", ".", info, *draw(sample_columns(n_samples))])


def files(first_pos=1):
    return st.integers(0, 3).flatmap(
        lambda n: st.tuples(st.just(n), st.lists(rows(n, first_pos), min_size=1, max_size=12))
    )


@pytest.fixture(scope="module", autouse=True)
def quiet_htslib():
    """It warns of every END before its POS."""
    before = pysam.set_verbosity(0)
    yield
    pysam.set_verbosity(before)


def text_of(n_samples, lines):
    names = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
    names += ["FORMAT", *(f"s{i}" for i in range(n_samples))] if n_samples else []
    more = ['##FORMAT=<ID=DP2,Number=1,Type=Integer,Description="Depth">']
    return "\n".join([*HEADER, *more, "\t".join(names), *lines, ""])


def htslib_lengths(path: Path) -> list[int]:
    with pysam.VariantFile(str(path)) as records:
        return [record.rlen for record in records]


@settings(max_examples=100)
@given(files())
def test_records_reach_as_far_as_htslib_says(tmp_path_factory, file):
    n_samples, lines = file
    path = tmp_path_factory.getbasetemp() / "reach.vcf"
    path.write_text(text_of(n_samples, lines))
    found = [parse_record(line, i, "x") for i, line in enumerate(lines)]
    assert [record_end(record) - (record.pos - 1) for record in found] == htslib_lengths(path)


def test_long_records_are_not_cut_to_32_bits():
    for info in ("SVLEN=-5000000000", "END=5000000010"):
        assert record_end(parse_record(f"c\t10\t.\tA\t<DEL>\t.\t.\t{info}", 1, "x")) == 5_000_000_010


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return FastaReader(write_fasta(tmp_path_factory.mktemp("genome") / "g.fa", {"c": "ACGT" * (LENGTH // 4)}))


places = st.tuples(st.integers(0, LENGTH - 1), st.integers(1, 60))


@settings(max_examples=40)
@given(files(first_pos=2), st.lists(places, min_size=1, max_size=3))
def test_regions_select_the_records_that_bcftools_selects(tmp_path_factory, reference, file, regions):
    """Records at POS 1 left out: htslib's text index ends their SVLEN a base before where its records do."""
    n_samples, lines = file
    lines = sorted(lines, key=lambda line: int(line.split("\t")[1]))
    lines = ["\t".join([*line.split("\t")[:2], f"r{i}", *line.split("\t")[3:]]) for i, line in enumerate(lines)]
    path = tmp_path_factory.getbasetemp() / "select.vcf.gz"
    path.write_bytes(bgzf(text_of(n_samples, lines).encode()))
    pysam.tabix_index(str(path), preset="vcf", force=True)
    intervals = [Interval("c", start, min(start + size, LENGTH)) for start, size in regions]
    seen = pysam.bcftools.view("-H", "-r", ",".join(str(region) for region in intervals), str(path)).splitlines()
    with VcfReader(path) as reader:
        found = [record.id for record in selector(Regions(intervals), reference, reader.contigs)(reader)]
    selected = {line.split("\t")[2] for line in seen}
    assert found == [f"r{i}" for i in range(len(lines)) if f"r{i}" in selected]
