import gzip
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.errors import InputError
from dna_mamba.io.vcf import (
    VcfReader,
    header_contigs,
    merge_info,
    parse_record,
    with_header_lines,
)
from tests.io.packing import PACKINGS, bgzf

COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
HEADER = ["##fileformat=VCFv4.3", "##contig=<ID=chr1,length=5000>", "##contig=<ID=chrUn>", COLUMNS]
RECORDS = [
    "chr1\t0\t.\tN\tA\t.\t.\t.",  # the telomere
    "chr1\t10\trs1;rs2\tA\tT,<DEL>,*\t29.50\tPASS\tDP=10;AF=0.50",
    "chrUn\t3000000000\t.\tacg\tN[chr1:5[\t.\tq10;s50\tEND=5;H2",
    "chr1\t7\t.\tG\t.\t1e-5\t.\t",
    "chr1\t9\t.\tG\t<NON_REF>\t0\t.\tA=1;;B=%3B;",
]


def text_of(lines, line_end="\n") -> bytes:
    return "".join(line + line_end for line in lines).encode()


def read(path) -> tuple[list[str], list]:
    with VcfReader(path) as reader:
        return reader.header_lines, list(reader)


@pytest.fixture
def vcf(tmp_path):
    def write(data: bytes):
        path = tmp_path / "input.vcf"
        path.write_bytes(data)
        return path

    return write


# --- reading


@pytest.mark.parametrize("pack", PACKINGS.values(), ids=PACKINGS)
def test_fields(vcf, pack):
    header, records = read(vcf(pack(text_of(HEADER + RECORDS))))
    assert header == HEADER
    assert [record.line for record in records] == RECORDS
    assert [record.line_number for record in records] == [5, 6, 7, 8, 9]
    assert [record.pos for record in records] == [0, 10, 3_000_000_000, 7, 9]
    assert [record.alts for record in records] == [("A",), ("T", "<DEL>", "*"), ("N[chr1:5[",), (), ("<NON_REF>",)]
    second = records[1]
    assert (second.chrom, second.id, second.ref, second.info) == ("chr1", "rs1;rs2", "A", "DP=10;AF=0.50")


def test_samples_and_contigs(vcf):
    with VcfReader(vcf(text_of([*HEADER[:-1], COLUMNS + "\tFORMAT\tNA 1\tNA2"], "\r\n"))) as reader:
        assert reader.samples == ["NA 1", "NA2"]
        assert reader.contigs == {"chr1": 5000, "chrUn": None}
        assert list(reader) == []
    assert header_contigs(['##contig=<assembly="a,ID=x",ID=2,length=7>']) == {"2": 7}


columns = st.text(st.characters(exclude_characters="\t\r\n", exclude_categories=["Cs"]), min_size=1, max_size=8)
infos = st.text("AB=,;.", max_size=9)
rows = st.tuples(columns, st.integers(0, 2**40), columns, columns, columns, columns, columns, infos)


@given(
    st.lists(rows, max_size=6),
    st.lists(columns, max_size=2),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["plain", "gzip", "bgzf"]),
    st.booleans(),
)
def test_every_byte_survives(tmp_path_factory, rows, samples, line_end, packing, whole):
    names = ["FORMAT", *samples] if samples else []
    lines = [*HEADER[:-1], "\t".join([COLUMNS, *names])]
    lines += ["\t".join([f"c{chrom}", str(pos), *rest, *names]) for chrom, pos, *rest in rows]
    data = text_of(lines, line_end)
    path = tmp_path_factory.mktemp("vcf") / "x"
    path.write_bytes(PACKINGS[packing](data if whole else data.removesuffix(b"\n")))
    header, records = read(path)
    assert text_of([*header, *(record.line for record in records)]) == data


def test_bytes_that_are_no_utf8_survive(vcf):
    data = text_of(HEADER) + b"chr1\t5\tna\xefve\tA\tT\t.\t.\tX=\xff\n"
    header, [record] = read(vcf(data))
    assert (record.line + "\n").encode("utf-8", "surrogateescape") == data[len(text_of(header)) :]


def test_a_byte_order_mark_is_dropped(vcf):
    header, records = read(vcf(b"\xef\xbb\xbf" + text_of(HEADER + RECORDS)))
    assert header == HEADER and len(records) == len(RECORDS)


def test_long_lines(vcf):
    samples = [f"s{i}" for i in range(100_000)]
    lines = ["\t".join([COLUMNS, "FORMAT", *samples]), "chr1\t5\t.\tA\tT\t.\t.\t.\tGT" + "\t0|1" * 100_000]
    _, [record] = read(vcf(text_of(lines)))
    assert record.line == lines[1]


def test_blank_lines_at_the_end_pass(vcf):
    assert len(read(vcf(text_of(HEADER + RECORDS) + b"\n\r\n"))[1]) == len(RECORDS)


# --- what is malformed


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", ": is empty"),
        (b"\n", ":1: no VCF header"),
        (b">chr1\nACGT\n", ":1: no VCF header"),
        (b"chr1\t5\t.\tA\tT\t.\t.\t.\n", ":1: no VCF header"),
        (text_of(HEADER[:-1]), ": no #CHROM line"),
        (text_of([*HEADER[:-1], COLUMNS.replace("\t", " ")]), ":4: the #CHROM line lacks columns"),
        (text_of([*HEADER[:-1], "#CHROM\tPOS"]), ":4: the #CHROM line lacks columns"),
        (text_of(HEADER + RECORDS, "\r"), ":1: bare carriage return"),
        (text_of(HEADER + RECORDS * 10_000, "\r"), ":1: bare carriage return"),
        (text_of(HEADER[:1]) + text_of(HEADER[1:] + RECORDS, "\r"), ":2: bare carriage return"),
        (text_of(HEADER + RECORDS).decode().encode("utf-16"), ": is UTF-16 text"),
        (gzip.compress(text_of(HEADER + RECORDS))[:-9], ": truncated gzip data at offset"),
        (bgzf(text_of(HEADER + RECORDS))[:-28], ": BGZF end marker missing"),
    ],
)
def test_no_vcf(vcf, data, message):
    path = vcf(data)
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}{message}")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("chr1\t5\t.\tA\tT\t.\t.", "7 tab-separated columns, not the 8"),
        ("chr1 5 . A T . . .", "1 tab-separated columns"),
        ("chr1\t5\t.\tA\tT\t.\t.\t.\tGT", "9 tab-separated columns"),
        ("chr1\tfive\t.\tA\tT\t.\t.\t.", "POS 'five' is not a position"),
        ("chr1\t-1\t.\tA\tT\t.\t.\t.", "POS '-1'"),
        ("chr1\t1_000\t.\tA\tT\t.\t.\t.", "POS '1_000'"),
        ("chr1\t٣\t.\tA\tT\t.\t.\t.", "POS '٣'"),
        ("chr1\t\t.\tA\tT\t.\t.\t.", "POS ''"),
        ("chr1\t5.0\t.\tA\tT\t.\t.\t.", "POS '5.0'"),
        ("chr1\t" + "9" * 5000 + "\t.\tA\tT\t.\t.\t.", "POS '9999"),
        ("\t5\t.\tA\tT\t.\t.\t.", "empty CHROM"),
        ("chr1\t5\t.\t\tT\t.\t.\t.", "empty REF"),
        ("chr1\t5\t.\tA\t\t.\t.\t.", "empty ALT"),
        ("##INFO=<ID=X>", "header line between records"),
        ("", "blank line between records"),
    ],
)
def test_malformed_lines_are_named(vcf, line, message):
    path = vcf(text_of([*HEADER, RECORDS[0], line, RECORDS[1]]))
    with pytest.raises(InputError) as caught:
        read(path)
    assert f"{path}:6: " in str(caught.value) and message in str(caught.value)


def test_random_damage_is_read_or_refused(vcf):
    """Nothing but InputError comes out, whatever the bytes; line feeds and tabs are among those put in."""
    source = random.Random(3)
    whole = text_of([*HEADER[:-1], COLUMNS + "\tFORMAT\tA", *(f"{line}\tGT\t0/1" for line in RECORDS)])
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(source.randint(1, 4)):
            position = source.randrange(len(damaged))
            damaged[position : position + source.randint(0, 3)] = source.choice(
                [b"\n", b"\t", b"", b"\0", b"\xff", b"#"]
            )
        try:
            read(vcf(bytes(damaged)))
        except InputError as error:
            assert "\n" not in str(error)


# --- changing


@pytest.mark.parametrize(
    ("info", "extra", "expected"),
    [
        (".", "S=1", "S=1"),
        ("", "S=1", "S=1"),
        ("DP=10", "S=1", "DP=10;S=1"),
        ("DP=10;DB", "S=1,.;T=OK", "DP=10;DB;S=1,.;T=OK"),
        ("S=0", "S=1", "S=1"),
        ("S=0;DP=10;T=x;S=5", "S=1;T=y", "DP=10;S=1;T=y"),
        ("SS=0;S", "S=1", "SS=0;S=1"),
        ("DP=10;", "S=1", "DP=10;S=1"),
    ],
)
def test_info_entries_are_added_or_replaced(info, extra, expected):
    assert merge_info(info, extra) == expected
    assert merge_info(expected, extra) == expected


@pytest.mark.parametrize("carriage_return", ["", "\r"])
@pytest.mark.parametrize("samples", ["", "\tGT:S=1\t0/1:S=1"])
def test_other_columns_stay(samples, carriage_return):
    line = f"chr1\t007\tS=1\tA\tT\t1e2\tS=1\tDP=1{samples}{carriage_return}"
    record = parse_record(line, 1, "x.vcf")
    assert record.with_info("") == line
    assert record.with_info("S=2") == line.replace("\tDP=1", "\tDP=1;S=2")
    assert record.pos == 7


NEW = '##INFO=<ID=DM_LLR,Number=A,Type=Float,Description="new">'


def test_header_lines_come_before_the_columns():
    assert with_header_lines(HEADER, [NEW, "##source=x"]) == [*HEADER[:-1], NEW, "##source=x", COLUMNS]
    crlf = [line + "\r" for line in HEADER]
    assert with_header_lines(crlf, [NEW]) == [*crlf[:-1], NEW + "\r", COLUMNS + "\r"]
    assert with_header_lines([COLUMNS], []) == [COLUMNS]


def test_a_definition_takes_the_place_of_the_earlier_one():
    old = '##INFO=<Number=1,ID=DM_LLR,Type=String,Description="ID=DM_X, old">'
    other = ['##FORMAT=<ID=DM_LLR,Number=1,Type=Float,Description="d">', "##INFO=<ID=DM_LLR2,Number=1>"]
    header = [HEADER[0], old, *other, COLUMNS]
    assert with_header_lines(header, [NEW]) == [HEADER[0], NEW, *other, COLUMNS]
    twice = with_header_lines(with_header_lines(header, [NEW, "##v=1"]), [NEW, "##v=2"])
    assert twice == [HEADER[0], NEW, *other, "##v=1", "##v=2", COLUMNS]
