import os
import signal
import subprocess
import sys

import pysam
import pytest

from dna_mamba.errors import InputError
from dna_mamba.io.vcf import VcfReader, VcfWriter, vcf_format, write_vcf_index
from tests.io.packing import BGZF_END

COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tNA1\tNA2"
HEADER = [
    "##fileformat=VCFv4.2",
    '##FILTER=<ID=PASS,Description="All filters passed">',
    '##FILTER=<ID=q10,Description="low">',
    "##contig=<ID=1,length=700000000>",
    "##contig=<ID=2>",
    '##INFO=<ID=DP,Number=1,Type=Integer,Description="depth">',
    '##INFO=<ID=END,Number=1,Type=Integer,Description="end">',
    '##INFO=<ID=DM_LLR,Number=A,Type=Float,Description="score">',
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="genotype">',
    '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="depths">',
    COLUMNS,
]
RECORDS = [
    "1\t10\t.\tA\tT,<DEL>\t29.5\tPASS\tDP=3;DM_LLR=-0.25,.\tGT:AD\t0|1:3,4,0\t./.:.",
    "1\t600000000\trs1\tacg\tA\t.\tq10\t.\tGT\t0/0\t1/1",
    "2\t5\t.\tG\t*\t0\t.\tDP=9\tGT:AD\t0/1\t0:1,2",
]


def lines_of(path) -> list[str]:
    with VcfReader(path) as reader:
        return [*reader.header_lines, *(record.line for record in reader)]


def write(path, records=RECORDS, **options) -> None:
    with VcfWriter(path, HEADER, **options) as writer:
        for line in records:
            writer.write(line)


@pytest.mark.parametrize(
    ("name", "chosen", "expected"),
    [
        ("a.vcf", None, "v"),
        ("a.VCF.GZ", None, "z"),
        ("a.vcf.bgz", None, "z"),
        ("a.bcf", None, "b"),
        ("-", None, "v"),
        ("a.txt", "z", "z"),
        ("a.vcf", "b", "b"),
    ],
)
def test_format_from_suffix_or_choice(name, chosen, expected):
    assert vcf_format(name, chosen) == expected


def test_format_that_cannot_be_told():
    with pytest.raises(InputError, match="no VCF suffix"):
        vcf_format("scores.txt")
    with pytest.raises(InputError, match="unknown VCF format 'u'"):
        vcf_format("a.vcf", "u")


@pytest.mark.parametrize("name", ["out.vcf", "out.vcf.gz"])
def test_text_is_written_as_given(tmp_path, name):
    path = tmp_path / name
    write(path)
    assert lines_of(path) == HEADER + RECORDS
    assert os.listdir(tmp_path) == [name]
    with pysam.VariantFile(str(path)) as records:  # htslib agrees that it is whole
        assert len(list(records)) == len(RECORDS)


def test_bcf_reads_back_as_the_text(tmp_path):
    path = tmp_path / "out.bcf"
    write(path)
    assert lines_of(path)[len(HEADER) :] == [
        RECORDS[0],
        RECORDS[1],
        RECORDS[2].replace("\t0/1\t0:1,2", "\t0/1:.\t0:1,2"),
    ]
    assert os.listdir(tmp_path) == ["out.bcf"]


def test_bcf_keeps_ends_as_given(tmp_path):
    """The writer of pysam adds an END to ``<DEL>`` and removes one that equals POS."""
    ends = [("<DEL>", "DP=3"), ("<DEL>", "END=3"), ("T", "END=10;DP=3"), ("<NON_REF>", "END=40"), (".", "END=10")]
    records = [f"1\t10\t.\tA\t{alt}\t.\t.\t{info}\tGT\t0/0\t0/0" for alt, info in ends]
    write(tmp_path / "out.bcf", records)
    assert lines_of(tmp_path / "out.bcf")[len(HEADER) :] == records


def test_bcf_through_a_pipe(tmp_path, give_stdin):
    write(tmp_path / "out.bcf")
    give_stdin((tmp_path / "out.bcf").read_bytes())
    assert lines_of("-") == lines_of(tmp_path / "out.bcf")


@pytest.mark.parametrize("format", ["v", "z", "b"])
def test_standard_output(tmp_path, capfdbinary, format):
    write("-", format=format)
    path = tmp_path / "piped"
    path.write_bytes(capfdbinary.readouterr().out)
    assert [line.split("\t")[:8] for line in lines_of(path)[-3:]] == [line.split("\t")[:8] for line in RECORDS]


@pytest.mark.parametrize("name", ["out.vcf", "out.vcf.gz", "out.bcf"])
def test_a_failure_leaves_nothing(tmp_path, name):
    with pytest.raises(KeyError), VcfWriter(tmp_path / name, HEADER) as writer:
        writer.write(RECORDS[0])
        raise KeyError
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["out.vcf", "out.vcf.gz", "out.bcf"])
def test_kill_leaves_the_old_file_and_no_end_marker(tmp_path, name):
    target = tmp_path / name
    target.write_bytes(b"old")
    program = (
        "import os, signal, sys\n"
        "from dna_mamba.io.vcf import VcfWriter\n"
        f"with VcfWriter({str(target)!r}, {HEADER!r}, force=True) as writer:\n"
        f"    for _ in range(50_000): writer.write({RECORDS[0]!r})\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert target.read_bytes() == b"old"
    for left in tmp_path.rglob("*"):
        assert left == target or left.name.startswith(".") or left.parent.name.startswith(".")
        if left.is_file():
            assert not left.read_bytes().endswith(BGZF_END)


def test_an_existing_target_needs_force(tmp_path):
    path = tmp_path / "out.vcf"
    write(path)
    with pytest.raises(InputError, match="exists already"):
        write(path)
    write(path, RECORDS[:1], force=True)
    assert len(lines_of(path)) == len(HEADER) + 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1\t5\t.\tA\tT\t.\t.\tDP=many\tGT\t0/0\t0/0", "record 2: BCF would turn 'DP=many' into 'DP=.'"),
        ("1\t5\t.\tA\tT\tgood\t.\t.\tGT\t0/0\t0/0", "record 2: BCF would turn 'good' into '0'"),
        ("1\t5\t.\tA\tT\t.\t.\tDP=99999999999\tGT\t0/0\t0/0", "record 2: BCF would turn"),
        ("chr9\t5\t.\tA\tT\t.\t.\t.\tGT\t0/0\t0/0", "the header lacks a line like ##contig=<ID=chr9>"),
        ("1\t5\t.\tA\tT\t.\t.\tNEW=1\tGT\t0/0\t0/0", "the header lacks a line like ##INFO=<ID=NEW"),
    ],
)
def test_what_bcf_would_change_or_cannot_hold_is_refused(tmp_path, line, message, capfd):
    with pytest.raises(InputError, match=message):
        write(tmp_path / "out.bcf", [RECORDS[0], line])
    assert os.listdir(tmp_path) == []
    assert capfd.readouterr().err == ""


# --- damaged BCF


def test_cut_and_flipped_bcf(tmp_path, rng, capfd):
    path = tmp_path / "out.bcf"
    write(path, RECORDS * 30)
    whole, expected = path.read_bytes(), lines_of(path)
    for size in [*range(4, len(whole), 61), len(whole) - len(BGZF_END)]:
        path.write_bytes(whole[:size])
        with pytest.raises(InputError, match=r"out\.bcf: .*offset"):
            lines_of(path)
    for position in range(0, len(whole), 13):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            assert lines_of(path) == expected
        except InputError:
            continue
    assert capfd.readouterr().err == ""


def test_damage_inside_sound_blocks_is_refused_in_one_line(tmp_path, rng, capfd):
    """Unpacked BCF, which has no checksums: htslib meets the damage itself, in a process of its own here."""
    import gzip

    write(tmp_path / "out.bcf", RECORDS * 5)
    unpacked = gzip.decompress((tmp_path / "out.bcf").read_bytes())
    paths = []
    for i in range(60):
        damaged = bytearray(unpacked[: int(rng.integers(10, len(unpacked)))] if i % 3 == 0 else unpacked)
        for position in rng.integers(5, len(damaged), 3):
            damaged[position] = int(rng.integers(256))
        paths.append(tmp_path / f"{i}.bcf")
        paths[-1].write_bytes(damaged)
    program = (
        "import sys\n"
        "from dna_mamba.errors import InputError\n"
        "from dna_mamba.io.vcf import VcfReader\n"
        "for path in sys.argv[1:]:\n"
        "    try:\n"
        "        with VcfReader(path) as reader: list(reader)\n"
        "    except InputError as error:\n"
        "        assert str(error).startswith(path), error\n"
    )
    done = subprocess.run([sys.executable, "-c", program, *map(str, paths)], check=False, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


def test_index_files_beside_a_bcf_are_left_alone(tmp_path, capfd):
    path = tmp_path / "out.bcf"
    write(path)
    (tmp_path / "out.bcf.csi").write_bytes(b"\x1f\x8b garbage")
    assert len(lines_of(path)) == len(HEADER) + len(RECORDS)
    assert capfd.readouterr().err == ""


# --- indexes


@pytest.mark.parametrize(
    ("name", "last_pos", "suffix"),
    [("out.vcf.gz", 4000, ".tbi"), ("out.vcf.gz", 600_000_000, ".csi"), ("out.bcf", 4000, ".csi")],
)
def test_index_finds_records(tmp_path, name, last_pos, suffix):
    path = tmp_path / name
    write(path, [RECORDS[0], RECORDS[1].replace("600000000", str(last_pos))])
    assert write_vcf_index(path) == tmp_path / (name + suffix)
    with pysam.VariantFile(str(path)) as records:
        [found] = records.fetch("1", last_pos - 1, last_pos)
    assert found.pos == last_pos
    assert sorted(os.listdir(tmp_path)) == [name, name + suffix]


def test_unsorted_and_plain_files_have_no_index(tmp_path, capfd):
    unsorted = tmp_path / "out.vcf.gz"
    write(unsorted, [RECORDS[1], RECORDS[0]])
    plain = tmp_path / "out.vcf"
    write(plain)
    before = plain.read_bytes()
    for path in (unsorted, plain):
        with pytest.raises(InputError, match="cannot be indexed"):
            write_vcf_index(path)
    # pysam alone would have compressed and deleted it
    assert plain.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["out.vcf", "out.vcf.gz"]
    assert capfd.readouterr().err == ""
