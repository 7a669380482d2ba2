import os

import pysam
import pytest
from pysam import bcftools

from dna_mamba.errors import InputError
from dna_mamba.io.vcf import VcfReader, VcfWriter, write_vcf_index
from dna_mamba.io.vcf.binary import join_bcf, quiet_htslib

HEADER = [
    "##fileformat=VCFv4.2",
    '##FILTER=<ID=PASS,Description="All filters passed">',
    "##contig=<ID=caf\udce9,length=1000>",
    '##INFO=<ID=X,Number=1,Type=String,Description="t\udce9lom\u00e8re\x85 \u2028">',
    "##shard=1/2",
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tp\udce8re",
]
FORMAT = '##FORMAT=<ID=GT,Number=1,Type=String,Description="genotype">'
HEADER.insert(2, FORMAT)
RECORDS = [f"caf\udce9\t{pos}\tr\udcff{pos}\tA\tT\t.\tPASS\tX=T\udce9lom\u00e8re\tGT\t0/1" for pos in (5, 9, 700)]


def write(path, records=RECORDS, header=HEADER) -> None:
    with VcfWriter(path, header) as writer:
        for line in records:
            writer.write(line)


def lines_of(path) -> tuple[list[str], list[str]]:
    with VcfReader(path) as reader:
        return reader.header_lines, [record.line for record in reader]


def test_bytes_that_are_not_utf8_pass_through_bcf(tmp_path, capfd):
    """In contigs, samples, IDs, INFO and descriptions, as bcftools passes them; each way, and back to text."""
    write(tmp_path / "text.vcf")
    bcftools.view("--no-version", "-Ob", "-o", str(tmp_path / "b.bcf"), str(tmp_path / "text.vcf"), catch_stdout=False)
    capfd.readouterr()
    write(tmp_path / "ours.bcf")
    for name in ("b.bcf", "ours.bcf"):
        header, records = lines_of(tmp_path / name)
        assert header == HEADER and records == RECORDS
    assert capfd.readouterr().err == ""


def test_names_of_files_that_are_not_utf8(tmp_path):
    for name in ("caf\udce9.bcf", "caf\udce9.vcf.gz"):
        write(tmp_path / name)
        assert lines_of(tmp_path / name)[1] == RECORDS
        index = write_vcf_index(tmp_path / name)
        assert index.exists() and index.name.startswith("caf\udce9")


def test_settings_of_pysam_are_those_of_before():
    before = pysam.get_encoding_error_handler(), pysam.get_verbosity()
    with pytest.raises(ZeroDivisionError), quiet_htslib():
        assert pysam.get_encoding_error_handler() == "surrogateescape"
        raise ZeroDivisionError
    assert (pysam.get_encoding_error_handler(), pysam.get_verbosity()) == before


def test_joined_files_are_the_whole_file(tmp_path):
    write(tmp_path / "whole.bcf", header=[line for line in HEADER if not line.startswith("##shard")])
    write(tmp_path / "1.bcf", RECORDS[:1])
    write(tmp_path / "2.bcf", RECORDS[1:], [line.replace("1/2", "2/2") for line in HEADER])
    join_bcf([tmp_path / "1.bcf", tmp_path / "2.bcf"], tmp_path / "joined.bcf", without="##shard")
    assert (tmp_path / "joined.bcf").read_bytes() == (tmp_path / "whole.bcf").read_bytes()


def test_files_of_other_keys_are_not_joined(tmp_path):
    write(tmp_path / "1.bcf")
    write(tmp_path / "2.bcf", [], [line.replace("ID=X", "ID=Y") for line in HEADER])
    with pytest.raises(InputError, match=r"2\.bcf: its header is another; join files of one run"):
        join_bcf([tmp_path / "1.bcf", tmp_path / "2.bcf"], tmp_path / "joined.bcf", without="##shard")
    assert sorted(os.listdir(tmp_path)) == ["1.bcf", "2.bcf"]
