"""Rows 7 and 8: what happens where REF is not what the reference reads, and which contig a name means."""

from pathlib import Path

import pytest

from tests.reliability.desk import HEADER, SEQUENCE, fails, score
from tests.worlds import write_vcf

WRONG_AT = (200, 300)


def other(pos, n=0):
    return "ACGT".replace(SEQUENCE[pos - 1], "")[n]


@pytest.fixture
def mixed(here: Path) -> Path:
    """Sixty records, two of whose REFs are wrong."""
    rows = [("c", pos, SEQUENCE[pos - 1], other(pos)) for pos in range(100, 160)]
    rows += [("c", pos, other(pos, 1), other(pos)) for pos in WRONG_AT]
    return write_vcf(here / "mixed.vcf", rows, HEADER)


def statuses(path):
    lines = [line for line in Path(path).read_text().splitlines() if not line.startswith("#")]
    return {int(line.split("\t")[1]): line.split("DM_STATUS=")[1].split("\t")[0] for line in lines}


GOLDEN = {"w": (62, "REF_MISMATCH", "."), "s": (62, "OK", "number"), "x": (60, None, None)}


@pytest.mark.parametrize("letter", GOLDEN)
def test_row_07_mismatches_are_flagged_scored_or_left_out(mixed: Path, letter: str):
    n_records, status, value = GOLDEN[letter]
    result = score("-o", "scored.vcf", "--check-ref", letter, variants="mixed.vcf")
    assert result.exit_code == 0
    assert "REF differs from the reference in 2 of 62 alleles" in result.stderr
    found = statuses("scored.vcf")
    assert len(found) == n_records
    lines = {int(line.split("\t")[1]): line for line in Path("scored.vcf").read_text().splitlines() if line[0] != "#"}
    original = {int(line.split("\t")[1]): line for line in mixed.read_text().splitlines() if line[0] != "#"}
    for pos in WRONG_AT:
        assert found.get(pos) == status
        if status:
            llr = lines[pos].split("DM_LLR=")[1].split(";")[0]
            assert (llr == ".") == (value == ".")
            assert lines[pos].split("\t")[:7] == original[pos].split("\t")[:7]


def test_row_07_e_stops_at_the_first_and_every_letter_at_another_build(mixed: Path):
    fails(score("-o", "out.vcf", "--check-ref", "e", variants="mixed.vcf"), 2, "c:200 REF ")
    rows = [("c", pos, other(pos, pos % 3), other(pos)) for pos in range(100, 130)]
    write_vcf(Path("wrong.vcf"), rows, HEADER)
    for letter in "wxs":
        fails(score("-o", "out.vcf", "--check-ref", letter, variants="wrong.vcf"), 2, "wrong build?")


def test_row_07_the_verdict_is_that_of_the_whole_file(mixed: Path):
    """A shard that holds nothing but mismatches is scored if the file is sound, and refused if it is not."""
    good = [("c", pos, SEQUENCE[pos - 1], other(pos)) for pos in range(20, 820)]
    bad = [("c", pos, other(pos, 1), other(pos)) for pos in range(820, 850)]
    write_vcf(Path("end.vcf"), good + bad, HEADER)
    result = score("-o", "part.vcf", "--shard", "13/13", variants="end.vcf")
    assert result.exit_code == 0
    assert "30 of 830 alleles" in result.stderr
    write_vcf(Path("sound_start.vcf"), good + bad * 2, HEADER)
    fails(score("-o", "out.vcf", "--shard", "1/13", variants="sound_start.vcf"), 2, "60 of 860 alleles")


LENGTH = f"length={len(SEQUENCE)}"


@pytest.mark.parametrize(
    ("name", "contig", "reference", "status"),
    [
        ("chrc", f"##contig=<ID=chrc,{LENGTH}>", "c", "OK"),
        ("chrc", "##contig=<ID=chrc,length=899>", "c", "NO_CONTIG"),
        ("chrc", "##contig=<ID=chrc>", "c", "OK"),
        ("c", f"##contig=<ID=c,{LENGTH}>", "chrc", "OK"),
        ("MT", f"##contig=<ID=MT,{LENGTH}>", "chrM", "OK"),
        ("MT", "##contig=<ID=MT,length=16569>", "chrM", "NO_CONTIG"),
        ("chrM", "##contig=<ID=chrM>", "MT", "NO_CONTIG"),
        ("d", f"##contig=<ID=d,{LENGTH}>", "c", "NO_CONTIG"),
    ],
)
def test_row_08_contigs_under_other_names(here: Path, name: str, contig: str, reference: str, status: str):
    (here / "named.fa").write_text(f">{reference}\n{SEQUENCE}\n")
    header = (HEADER[0], contig, *HEADER[2:])
    rows = [(name, pos, SEQUENCE[pos - 1], other(pos)) for pos in range(100, 104)]
    write_vcf(here / "named.vcf", rows, header)
    result = score("-o", "scored.vcf", variants="named.vcf", reference="named.fa")
    assert result.exit_code == 0
    assert set(statuses("scored.vcf").values()) == {status}
    assert name in result.stderr  # the mapping, or its refusal, is listed
    assert all(line.startswith(f"{name}\t") for line in (here / "scored.vcf").read_text().splitlines()[-4:])
