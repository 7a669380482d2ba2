"""Row 9: over a corpus of valid VCFs no record is lost, and nothing changes but what is added."""

import gzip
import re
from pathlib import Path

import pysam.bcftools
import pytest

from dna_mamba.io.vcf import VcfReader
from tests.io.packing import bgzf
from tests.reliability.desk import SEQUENCE, score

ADDED = re.compile(r";?DM_LLR=[^;\t]*;DM_STATUS=[^;\t\r]*")
FIXED = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
CONTIG = f"##contig=<ID=c,length={len(SEQUENCE)}>"


def base(pos):
    return SEQUENCE[pos - 1]


def other(pos):
    return "ACGT".replace(base(pos), "")[0]


def row(pos, ref=None, alt=None, info=".", rest="", name=".", qual=".", filters="."):
    return f"c\t{pos}\t{name}\t{ref or base(pos)}\t{alt or other(pos)}\t{qual}\t{filters}\t{info}{rest}"


def text(rows, header=(), columns=FIXED, version="4.3", line_end="\n"):
    return "".join(line + line_end for line in [f"##fileformat=VCFv{version}", CONTIG, *header, columns, *rows])


SAMPLES = FIXED + "\tFORMAT\t" + "\t".join(f"NA{i}" for i in range(40))
GENOTYPES = "\tGT:GQ:DP\t0|1:.:3" + "\t./.:.:." * 20 + "\t1/1" * 19
ODD_HEADER = [
    '##INFO=<ID=CSQ,Number=.,Type=String,Description="a, quoted \\"word\\", and ID=DM_LLR,Number=1">',
    "##SAMPLE=<ID=NA1,Genomes=Germline;Tumor>",
    "##PEDIGREE=<Child=NA1,Mother=NA2>",
    "##META=<ID=Assay,Type=String,Number=.,Values=[Whole Genome, Exome]>",
    "##note=tab-free text with = and < and >",
    "##note",
    '##ALT=<ID=DEL,Description="Deletion">',
    '##INFO=<Description="ID last",Type=Integer,Number=1,ID=LATE>',
]
SYMBOLIC = ["<DEL>", "<INS:ME:ALU>", "<CNV>", "<CN0>", "<*>", "<NON_REF>", "*", "."]
SYMBOLIC += ["]c:70]" + base(60), base(60) + "[<ctg1>:7["]
MANY_ALTS = ",".join(base(20) + "ACGT"[i % 4] * (1 + i % 16) + "ACGT"[i // 16 % 4] for i in range(100))
HLA = "HLA-A*01:01:01:01"
CORPUS = {
    **{f"version {v}": text([row(20), row(30)], version=v) for v in ("4.1", "4.2", "4.3", "4.4", "4.5")},
    "samples, phased and missing": text([row(20, rest=GENOTYPES), row(30, rest=GENOTYPES)], columns=SAMPLES),
    "odd header lines": text([row(20, info="LATE=5")], ODD_HEADER),
    "CRLF": text([row(20), row(30, info="AC=1")], line_end="\r\n"),
    "no line feed at the end": text([row(20), row(30)]).removesuffix("\n"),
    "blank lines at the end": text([row(20)]) + "\n\n",
    "long INFO": text([row(20, info="X=" + "a" * 2_000_000), row(30, info=";".join(f"K{i}=v" for i in range(5000)))]),
    "unknown tags": text([row(20, info="UNDECLARED=1,2;FLAG;odd=%3D%3B"), row(30, info="=;;A=;B")]),
    "missing fields": text([row(20), row(30, name="rs1;rs2", qual="1e-5", filters="q10;s50")]),
    "gVCF blocks": text([row(20, alt="<NON_REF>", info="END=40"), row(50, alt=f"{other(50)},<NON_REF>", info="DP=3")]),
    "symbolic, breakends, CNV": text([row(60, alt=alt, info="SVTYPE=X;END=90") for alt in SYMBOLIC]),
    "single breakends": text([row(60, alt="." + base(60)), row(60, alt=base(60) + "AC.")]),
    "ALT .": text([row(20, alt="."), row(30, alt=".")]),
    "POS 0 and past the end": text(
        ["c\t0\t.\tN\tA\t.\t.\t.", f"c\t{len(SEQUENCE) + 1}\t.\tN\t<DEL>\t.\t.\t."] + [row(p) for p in range(20, 40)]
    ),
    "100 ALTs": text([row(20, alt=MANY_ALTS)]),
    "unsorted": text([row(pos) for pos in (500, 20, 300, 30)]),
    "duplicate records": text([row(20), row(20), row(20, info="AC=2"), row(20)]),
    "empty": text([]),
    "lower case": text([row(20, base(20).lower(), other(20).lower())]),
    "IUPAC": text([row(20, alt="R"), row(30, "N", "A")] + [row(p) for p in range(40, 60)]),
    "scores of an earlier run": text([row(20, info="DM_LLR=1,2,3;AC=1;DM_STATUS=X")]),
    "equal to REF": text([row(20, alt=base(20))]),
    "long alleles": text([row(20, SEQUENCE[19:300], base(20)), row(20, alt=base(20) + "ACGT" * 500)]),
    "bytes that are not UTF-8": text([row(20, info="X=\udcff\udce9")]),
    "unicode": text([row(20, info="X=Ω≈ç", name="naïve")], ["##note=ü"]),
    "many contigs": text([row(20), row(30).replace("c\t", f"{HLA}\t", 1)], [f"##contig=<ID={HLA}>"]),
    "65 records, over the edge of a block": text([row(pos) for pos in range(100, 165)]),
}


def as_bytes(content):
    return content.encode("utf-8", "surrogateescape")


def lines_of(path):
    with VcfReader(path) as reader:
        return reader.header_lines, [record.line for record in reader]


def is_ours(line):
    return "ID=DM_LLR" in line[:20] or "ID=DM_STATUS" in line[:24] or line.startswith("##dna-mamba_score")


@pytest.mark.parametrize("name", CORPUS)
def test_row_09_nothing_is_lost_or_changed(here: Path, name: str):
    content, outputs = as_bytes(CORPUS[name]), []
    for number, pack in enumerate((bytes, bgzf, gzip.compress)):
        (here / "given").write_bytes(pack(content))
        result = score("-o", "scored.vcf", "--force", variants="given")
        assert result.exit_code == 0, result.stderr
        outputs.append((here / "scored.vcf").read_bytes())
        header, records = lines_of("given")
        new_header, new_records = lines_of("scored.vcf")
        assert [line for line in new_header if not is_ours(line)] == [line for line in header if not is_ours(line)]
        given = [re.sub("DM_LLR=[^;]*;AC=1;DM_STATUS=X", "AC=1", line) for line in records]
        assert len(new_records) == len(records)
        for before, after in zip(given, new_records, strict=True):
            stripped = ADDED.sub("", after).split("\t")
            assert [*stripped[:7], stripped[7] or ".", *stripped[8:]][:7] == before.split("\t")[:7]
            entries = [entry for entry in before.removesuffix("\r").split("\t")[7].split(";") if entry not in ("", ".")]
            new_entries = [entry for entry in stripped[7].removesuffix("\r").split(";") if entry not in ("", ".")]
            assert new_entries == entries
            assert stripped[8:] == before.split("\t")[8:]
            assert_a_value_for_each_alt(after)
        assert outputs[number] == outputs[0]
        n_lines = outputs[0].count(b"\n")
        assert outputs[0].count(b"\r\n") == (n_lines if b"\r\n" in content else 0)


def assert_a_value_for_each_alt(line):
    columns = line.removesuffix("\r").split("\t")
    n_alleles = 0 if columns[4] == "." else columns[4].count(",") + 1
    entries = dict(entry.partition("=")[::2] for entry in columns[7].split(";"))
    for key in ("DM_LLR", "DM_STATUS"):
        assert (entries[key].count(",") + 1 if key in entries else 0) == n_alleles


def test_row_09_bcf_there_and_back(here: Path):
    (here / "given.vcf").write_bytes(as_bytes(CORPUS["gVCF blocks"].replace(FIXED, DECLARED + FIXED)))
    pysam.bcftools.view("--no-version", "-Ob", "-o", "given.bcf", "given.vcf", catch_stdout=False)
    for variants, output in (("given.bcf", "a.vcf"), ("given.bcf", "b.bcf"), ("given.vcf", "c.vcf")):
        result = score("-o", output, variants=variants)
        assert result.exit_code == 0, result.stderr
    (_, a), (_, b), (_, c) = (lines_of(name) for name in ("a.vcf", "b.bcf", "c.vcf"))
    assert a == c
    assert [ADDED.sub("", line) for line in b] == [ADDED.sub("", line) for line in a]


DECLARED = (
    '##ALT=<ID=NON_REF,Description="any">\n##INFO=<ID=END,Number=1,Type=Integer,Description="end">\n'
    '##INFO=<ID=DP,Number=1,Type=Integer,Description="depth">\n'
)
