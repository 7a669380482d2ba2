"""Rows 13 and 30: what scores must not depend on, and what is the same to the byte."""

import itertools
from pathlib import Path

import pytest

from dna_mamba.scoring.variant_files.read import read_scores
from tests.reliability.desk import fails, merge, score

FORMATS = ["vcf", "vcf.gz", "bcf", "tsv", "tsv.gz", "parquet"]


def shards(n, suffix, *more):
    names = [f"part{i}.{suffix}" for i in range(1, n + 1)]
    for i, name in enumerate(names, start=1):
        result = score("--shard", f"{i}/{n}", "-o", name, "--no-version", *more)
        assert result.exit_code == 0, result.stderr
    return names


@pytest.mark.parametrize("suffix", FORMATS)
def test_row_13_four_shards_merged_are_one_run_to_the_byte(here: Path, suffix: str):
    whole = score("-o", f"whole.{suffix}", "--no-version")
    names = shards(4, suffix)
    result = merge(*reversed(names), "-o", f"merged.{suffix}")
    assert result.exit_code == 0, result.stderr
    assert sorted(result.stderr.splitlines()[-1]) == sorted(whole.stderr.splitlines()[-1])  # ties come in any order
    assert (here / f"merged.{suffix}").read_bytes() == (here / f"whole.{suffix}").read_bytes()
    assert not list(here.glob(".*"))


def test_row_13_one_shard_merged_and_records_left_out(here: Path):
    assert score("-o", "whole.vcf", "--no-version", "--check-ref", "x").exit_code == 0
    for n in (1, 3, 7):
        names = shards(n, f"of{n}.vcf", "--check-ref", "x")
        assert merge(*names, "-o", f"merged{n}.vcf").exit_code == 0
        assert (here / f"merged{n}.vcf").read_bytes() == (here / "whole.vcf").read_bytes()


def test_row_13_shards_with_their_provenance_differ_in_the_command_line_alone(here: Path):
    assert score("-o", "whole.vcf").exit_code == 0
    for i in (1, 2):
        assert score("--shard", f"{i}/2", "-o", f"part{i}.vcf").exit_code == 0
    assert merge("part1.vcf", "part2.vcf", "-o", "merged.vcf").exit_code == 0
    pairs = zip(*((here / name).read_text().splitlines() for name in ("whole.vcf", "merged.vcf")), strict=True)
    different = [pair for pair in pairs if pair[0] != pair[1]]
    assert all("dna-mamba_scoreCommand" in line for pair in different for line in pair)


def values_of(path):
    return [list(scored.values.values()) for scored in read_scores(path)]


def test_row_13_batches_threads_and_neighbours_do_not_change_scores(here: Path):
    runs = {"whole.vcf": [], "ones.vcf": ["--batch-size", "1"], "threads.vcf": ["--threads", "2"]}
    for name, options in runs.items():
        assert score("-o", name, *options).exit_code == 0
    assert score("-o", "region.vcf", "-r", "c:400-700").exit_code == 0
    expected = values_of("whole.vcf")
    for name in ("ones.vcf", "threads.vcf"):
        for ours, theirs in zip(values_of(name), expected, strict=True):
            assert ours == pytest.approx(theirs, abs=1e-5)
    alone = {scored.variant: list(scored.values.values()) for scored in read_scores("region.vcf")}
    whole = {scored.variant: list(scored.values.values()) for scored in read_scores("whole.vcf")}
    assert len(alone) > 50
    for variant, ours in alone.items():
        assert ours == pytest.approx(whole[variant], abs=1e-5)


@pytest.mark.parametrize("suffix", FORMATS)
def test_row_30_two_runs_are_equal_bytes(here: Path, suffix: str):
    for name in ("a", "b"):
        assert score("-o", f"{name}.{suffix}", "--no-version").exit_code == 0
    assert (here / f"a.{suffix}").read_bytes() == (here / f"b.{suffix}").read_bytes()


def spoil(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_what_does_not_belong_together_is_refused_by_name(here: Path):
    one, two, three = shards(3, "vcf")
    other = (here / "in.vcf").read_text().replace("rs7\t", "rs7000\t")
    (here / "other.vcf").write_text(other)
    assert score("--shard", "2/3", "-o", "input.vcf", "--no-version", variants="other.vcf").exit_code == 0
    assert score("--shard", "2/3", "-o", "context.vcf", "--no-version", "--context", "23").exit_code == 0
    assert score("--shard", "2/4", "-o", "four.vcf", "--no-version").exit_code == 0
    assert score("-o", "none.vcf").exit_code == 0
    cases = {
        (one, two): "shard 3/3 is missing",
        (one,): "missing: 2/3, 3/3",
        (one, two, two, three): "part2.vcf: is shard 2/3, as part2.vcf is",
        (one, "input.vcf", three): "input.vcf: its input is",
        (one, "context.vcf", three): "context.vcf: its context is 23, in part1.vcf 21",
        (one, "four.vcf", three): "four.vcf: is shard 2/4",
        (one, "none.vcf", three): "none.vcf: is not a shard",
        (one, "in.vcf", three): "in.vcf: is not a shard",
        (one, "genome.fa", three): "genome.fa: is not a shard",
        (one, "gone.vcf", three): "gone.vcf",
        (one, two, three, "-O", "b"): "the shards are VCF text",
        (one, two, three, "-O", "t"): "the shards are of another kind",
    }
    for names, hint in cases.items():
        fails(merge(*names, "-o", "out.vcf"), 2, hint)


def test_damaged_shards_are_refused_by_name(here: Path):
    one, two = shards(2, "vcf")
    whole = (here / two).read_bytes()
    lines = whole.splitlines(keepends=True)
    damages = {
        "lines below its header": b"".join(lines[:-1]),
        "its lines were changed": whole.replace(b"rs150\t", b"rs151\t"),
        "shard line cannot be read": whole.replace(b'{"shard":[2,2]', b'{"shard":[2,"x"]'),
        "says twice": b"".join([*itertools.chain(*([line] * (1 + (b"scoreShard" in line)) for line in lines))]),
        "holds records": whole.replace(b'"span":[', b'"span":[1'),
    }
    for hint, damaged in damages.items():
        assert damaged != whole
        (here / two).write_bytes(damaged)
        fails(merge(one, two, "-o", "out.vcf"), 2, hint, two)


def test_shards_of_pipes_and_wrong_numbers(here: Path):
    fails(score("--shard", "1/2", variants="-"), 2, "need a file that can be read twice")
    for text in ("0/2", "3/2", "2", "a/b", "-1/2", "1/0"):
        fails(score("--shard", text), 2, f"{text!r} is not a shard")


def test_a_few_records_in_many_shards(here: Path):
    """Most shards are empty, and say so."""
    lines = (here / "in.vcf").read_text().splitlines(keepends=True)
    (here / "in.vcf").write_text("".join(lines[:8]))
    names = shards(5, "vcf")
    assert score("-o", "whole.vcf", "--no-version").exit_code == 0
    assert merge(*names, "-o", "merged.vcf").exit_code == 0
    assert (here / "merged.vcf").read_bytes() == (here / "whole.vcf").read_bytes()
