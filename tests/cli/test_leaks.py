"""``dna-mamba data leaks``: what it prints and writes, on FASTA files and on a store."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from dna_mamba.alphabet import decode_bases, reverse_complement_codes
from dna_mamba.cli.main import cli
from tests.data.leaks.planted import mutated, random_codes

TRAIN = random_codes(40_000, seed=1)
HELD_OUT = np.concatenate([
    random_codes(2000, seed=2),
    reverse_complement_codes(TRAIN[10_000:13_000]),
    mutated(TRAIN[30_000:31_000], 0.95, seed=3)[:980],
    random_codes(2020, seed=4),
])
LEAKING = [("held", 2000, 3000), ("held", 3000, 4000), ("held", 4000, 5000), ("held", 5000, 6000)]


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    (tmp_path / "one.fa").write_text(f">train extra\n{decode_bases(TRAIN)}\n")
    (tmp_path / "two.fa.gz").write_bytes(gzip.compress(f">held\n{decode_bases(HELD_OUT)}\n".encode()))
    (tmp_path / "held.bed").write_text(f"held\t0\t{len(HELD_OUT)}\tname\n")
    return [str(tmp_path / name) for name in ("one.fa", "two.fa.gz")]


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["data", "leaks", *words])


def places(path: Path) -> list[tuple[str, int, int]]:
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    return [(chrom, int(start), int(end)) for chrom, start, end in rows]


def test_figures_and_the_worst_windows(files: list[str], tmp_path: Path) -> None:
    result = run(*files, "--held-out", str(tmp_path / "held.bed"), "--worst", "3")
    assert result.exit_code == 0, result.stderr
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    assert lines[:5] == [
        ["held_out_bp", "8000"], ["training_bp", "40000"], ["windows", "8"], ["leaking_windows", "4"],
        ["leaking_bp", "4000"],
    ]  # fmt: skip
    assert ["share_of_windows_at_0.5", "0.5000"] in lines
    assert lines[-3] == ["held:3001-4000", "1.000", "train:11001-12000", "-", "1.000"]
    assert {line[0] for line in lines[-2:]} == {"held:2001-3000", "held:4001-5000"}
    assert all(line[1] in ("0.998", "0.999", "1.000") and line[3:] == ["-", "1.000"] for line in lines[-2:])
    assert "1 more windows leak" in result.stderr


def test_json_says_the_same_of_contigs_patterns_and_stretches(files: list[str], tmp_path: Path) -> None:
    found = [
        json.loads(run(*files, "--json", "--held-out", text).stdout)
        for text in (str(tmp_path / "held.bed"), "held", "hel?", "two:*", "held:1-8000")
    ]
    assert all(facts == found[0] for facts in found)
    assert found[0]["windows"] == 8 and found[0]["leaking_windows"] == 4 and found[0]["training_bp"] == 40_000
    assert found[0]["worst"][0] == {
        "chrom": "held", "start": 3000, "end": 4000, "share": 1.0, "training_chrom": "train",
        "training_start": 11_000, "training_end": 12_000, "strand": "-", "identity": 1.0,
    }  # fmt: skip
    assert 0.93 < found[0]["worst"][3]["identity"] < 0.97 and found[0]["worst"][3]["strand"] == "+"


def test_a_store_says_the_same(files: list[str], tmp_path: Path) -> None:
    assert CliRunner().invoke(cli, ["data", "pack", *files, "-o", str(tmp_path / "store")]).exit_code == 0
    facts = json.loads(run(str(tmp_path / "store"), "--json", "--held-out", str(tmp_path / "held.bed")).stdout)
    assert facts["leaking_windows"] == 4 and facts["worst"][0]["training_chrom"] == "one:train"
    assert facts["worst"][0]["chrom"] == "two:held"


def test_what_is_written_is_what_a_second_run_excludes(files: list[str], tmp_path: Path) -> None:
    table, drop, stretches = (tmp_path / name for name in ("all.tsv", "drop.bed", "stretches.bed"))
    for path, more in ((table, ()), (drop, ()), (stretches, ("--exclude-training",))):
        assert run(*files, "--held-out", "held", "-o", str(path), *more).exit_code == 0
    head, *rows = [line.split("\t") for line in table.read_text().splitlines()]
    assert head[:4] == ["#chrom", "start", "end", "share"] and len(rows) == 8
    assert [row[4:] for row in rows[:2]] == [[".", ".", ".", ".", "0"]] * 2
    assert places(drop) == LEAKING
    (first, second) = places(stretches)
    assert first[0] == "train" and abs(first[1] - 10_000) < 9 and abs(first[2] - 13_000) < 9
    assert second[0] == "train" and abs(second[1] - 30_000) < 60 and abs(second[2] - 31_000) < 60
    for path, n_windows in ((drop, 4), (stretches, 8)):
        facts = json.loads(run(*files, "--held-out", "held", "--exclude", str(path), "--json").stdout)
        assert facts["windows"] == n_windows and facts["leaking_windows"] == 0


def test_output_is_replaced_with_force_alone(files: list[str], tmp_path: Path) -> None:
    (tmp_path / "out.bed").write_text("old")
    refused = run(*files, "--held-out", "held", "-o", str(tmp_path / "out.bed"))
    assert refused.exit_code == 2 and "exists already" in refused.stderr and not refused.stdout
    assert run(*files, "--held-out", "held", "-o", str(tmp_path / "out.bed"), "--force").exit_code == 0
    assert places(tmp_path / "out.bed") == LEAKING


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--held-out", "chr9"], "--held-out: no contig matches 'chr9'"),
        (["--held-out", "held:1-9000"], "--held-out: region 'held:1-9000' ends past held"),
        (["--held-out", "none.bed"], "none.bed"),
        (["--held-out", "held", "--exclude", "chr9"], "--exclude: no contig matches 'chr9'"),
        (["--held-out", "*"], "no sequence is left to train on"),
        (["--held-out", "held", "--exclude-training"], "give -o OUT.bed"),
        (["--held-out", "held", "-o", "out.txt"], "out.txt: suffix '.txt'"),
        (["--held-out", "held", "-o", "out.tsv", "--exclude-training"], "give OUT.bed"),
        (["--held-out", "held", "--share", "0"], "--share"),
        ([], "--held-out"),
    ],
)
def test_mistakes(words: list[str], hint: str, files: list[str]) -> None:
    result = run(*files, *words)
    assert (result.exit_code, result.stdout) == (2, "") and hint in result.stderr.splitlines()[-1]


def test_a_store_beside_files_is_refused(files: list[str], tmp_path: Path) -> None:
    result = run(files[0], str(tmp_path), "--held-out", "held")
    assert result.exit_code == 2 and "give one store, or FASTA files" in result.stderr
