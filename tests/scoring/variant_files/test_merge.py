"""Shards that are made by hand, put together or refused by name."""

import hashlib

import pytest

from dna_mamba.errors import InputError
from dna_mamba.io.compression import open_input
from dna_mamba.runs import Claim, Shard, span_of
from dna_mamba.runs.table_lines import read_parquet_header, read_parquet_lines
from dna_mamba.scoring.variant_files.merge import merge_scores, open_shard
from dna_mamba.scoring.variant_files.target import SHARD_LINE, Target, open_output

N_RECORDS, N_SHARDS = 150, 3
RUN = {"input": "f00d", "context": "21", "batch_size": "8", "device": "cpu"}
VCF_HEADER = [
    "##fileformat=VCFv4.3",
    "##contig=<ID=c,length=999>",
    '##INFO=<ID=DM_STATUS,Number=A,Type=String,Description="Status">',
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO",
]
TABLE_HEADER = ["##about", "#chrom\tpos\tref\talt\tid\tstatus\tllr"]


def record(i):
    return f"c\t{i + 1}\tr{i}\tA\tC\t.\t.\tDM_STATUS=OK"


def row(i):
    return f"c\t{i + 1}\tA\tC\tr{i}\tOK\t{i / 4:.9g}"


def write(path, number, *, run=RUN, header=VCF_HEADER, lines=None, n_records=N_RECORDS, total=N_SHARDS, **changes):
    """Shard ``number`` of ``total``; ``changes`` are to what it claims."""
    shard = Shard(number, total)
    span = span_of(shard, n_records)
    spell = record if header[-1].startswith("#CHROM") else row
    lines = [spell(i) for i in range(*span)] if lines is None else lines
    sha256 = hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
    counts = {"records": len(lines), "left_out": 0, "scored": len(lines), "by_status": {"OK": len(lines)}}
    said = {
        "shard": shard,
        "span": span,
        "n_records": n_records,
        "n_lines": len(lines),
        "sha256": sha256,
        "counts": counts,
        "run": run,
        **changes,
    }
    claim = Claim(**said)
    with open_output(Target(path, force=True), [*header[:-1], claim.line(SHARD_LINE), header[-1]]) as write_line:
        for line in lines:
            write_line(line)
    return path


@pytest.fixture
def shards(tmp_path):
    return [write(tmp_path / f"{i}.vcf", i) for i in (1, 2, 3)]


def text_of(path):
    with open_input(str(path)) as stream:
        return stream.read().decode().splitlines()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_in_any_order_they_are_the_whole(tmp_path, order):
    """Their names say nothing."""
    shards = [write(tmp_path / f"{name}.vcf", i) for i, name in ((1, "z"), (2, "b"), (3, "a"))]
    told = []
    summary = merge_scores([shards[i] for i in order], tmp_path / "out.vcf", told.append)
    assert text_of(tmp_path / "out.vcf") == [*VCF_HEADER, *map(record, range(N_RECORDS))]
    assert (summary.n_records, summary.n_scored, summary.by_status, summary.notes) == (150, 150, {"OK": 150}, [])
    assert sum(told) == N_RECORDS


@pytest.mark.parametrize("ours", ["tsv", "parquet"])
@pytest.mark.parametrize("wanted", ["tsv", "tsv.gz", "parquet"])
def test_tables_of_one_kind_into_tables_of_any(tmp_path, ours, wanted):
    paths = [write(tmp_path / f"{i}.{ours}", i, header=TABLE_HEADER) for i in (1, 2, 3)]
    target = tmp_path / f"out.{wanted}"
    merge_scores(paths, target)
    if wanted == "parquet":
        assert read_parquet_header(target) == TABLE_HEADER
        assert list(read_parquet_lines(target)) == [row(i) for i in range(N_RECORDS)]
    else:
        assert text_of(target) == [*TABLE_HEADER, *map(row, range(N_RECORDS))]


def refused(paths, target, hint):
    with pytest.raises(InputError, match=hint):
        merge_scores(paths, target)
    assert not target.exists() and not list(target.parent.glob(".*"))


@pytest.mark.parametrize("where", [0, 1, 2])
@pytest.mark.parametrize(
    ("run", "hint"),
    [
        ({**RUN, "context": "23"}, "its context is "),
        ({**RUN, "regions": "c:1-9"}, "its regions is "),
        ({name: RUN[name] for name in RUN if name != "context"}, "its context is "),
    ],
)
def test_a_fact_that_differs_or_that_only_one_of_them_has(shards, tmp_path, where, run, hint):
    write(shards[where], where + 1, run=run)
    refused(shards, tmp_path / "out.vcf", rf"{max(1, where) + 1}\.vcf: {hint}")


@pytest.mark.parametrize("fact", ["batch_size", "device"])
def test_what_changes_the_last_bits_is_noted(shards, tmp_path, fact):
    write(shards[2], 3, run={**RUN, fact: "other"})
    (note,) = merge_scores(shards, tmp_path / "out.vcf").notes
    assert f"3.vcf: {fact} is other, in {shards[0]} {RUN[fact]}" in note and "to rounding, not to the byte" in note


def test_gaps_doubles_and_other_totals(shards, tmp_path):
    out = tmp_path / "out.vcf"
    refused(shards[:2], out, r"merge: shard 3/3 is missing")
    refused(shards[1:2], out, r"merge: missing: 1/3, 3/3")
    refused([*shards, shards[1]], out, r"2\.vcf: is shard 2/3, as .*2\.vcf is")
    write(shards[2], 3, total=4)
    refused(shards, out, r"3\.vcf: is shard 3/4 of 150 records, but .*1\.vcf is 1/3 of 150")
    write(shards[2], 3, n_records=151)
    refused(shards, out, r"3\.vcf: is shard 3/3 of 151 records")
    write(shards[2], 3, span=span_of(Shard(2, 3), N_RECORDS))
    refused(shards, out, r"3\.vcf: holds records .*, not its own")


def test_another_header_or_format(shards, tmp_path):
    out = tmp_path / "out.vcf"
    write(shards[1], 2, header=[VCF_HEADER[0], *VCF_HEADER[2:]])
    refused(shards, out, r"2\.vcf: its header or format is not that of .*1\.vcf")
    write(shards[1], 2, header=TABLE_HEADER)
    refused(shards, out, r"2\.vcf: its header or format")
    packed = write(tmp_path / "2.bcf", 2)
    refused([shards[0], packed, shards[2]], out, r"2\.bcf: its header or format")


def test_the_command_line_may_differ(shards, tmp_path):
    """It names the shard; the first one's stays."""
    for i, path in enumerate(shards, start=1):
        header = [VCF_HEADER[0], f"##dna-mamba_scoreCommand=number {i}", *VCF_HEADER[1:]]
        write(path, i, header=header)
    merge_scores(shards[::-1], tmp_path / "out.vcf")
    assert text_of(tmp_path / "out.vcf")[1] == "##dna-mamba_scoreCommand=number 1"


@pytest.mark.parametrize("suffix", ["vcf", "bcf"])
def test_lines_that_are_missing_or_were_changed(tmp_path, suffix):
    paths = [write(tmp_path / f"{i}.{suffix}", i) for i in (1, 2, 3)]
    for n_lines in (63, 99):
        write(paths[1], 2, n_lines=n_lines)
        hint = rf"2\.{suffix}: 64 lines below its header, not {n_lines}; score this shard again"
        refused(paths, tmp_path / f"out.{suffix}", hint)
    if suffix == "vcf":
        write(paths[1], 2, sha256="f00d")
        refused(paths, tmp_path / "out.vcf", r"2\.vcf: its lines were changed since they were written")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("out.bcf", "the shards are VCF text; merge BCF into .bcf"),
        ("out.tsv", "the shards are of another kind; merge tables into"),
        ("out.parquet", "the shards are of another kind"),
    ],
)
def test_a_target_of_another_kind(shards, tmp_path, name, hint):
    refused(shards, tmp_path / name, hint)


def test_bcf_goes_into_bcf_alone(tmp_path):
    paths = [write(tmp_path / f"{i}.bcf", i) for i in (1, 2, 3)]
    refused(paths, tmp_path / "out.vcf", "the shards are BCF, whose numbers are not those of the text")


def test_what_is_not_a_shard(tmp_path):
    (tmp_path / "empty").write_text("")
    (tmp_path / "text").write_text("no header\n")
    for name in ("empty", "text"):
        with pytest.raises(InputError, match=f"{name}: is not a shard"):
            open_shard(tmp_path / name)
    with pytest.raises(InputError, match="standard input: a shard is read more than once"):
        open_shard("-")
    unknown = write(tmp_path / "1.vcf", 1, counts={"by_status": {"FINE": 1}})
    with pytest.raises(InputError, match=r"1\.vcf: its shard line cannot be read; score this shard again"):
        open_shard(unknown)


def test_an_existing_target_is_kept(shards, tmp_path):
    (tmp_path / "out.vcf").write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        merge_scores(shards, tmp_path / "out.vcf")
    assert (tmp_path / "out.vcf").read_text() == "mine"
