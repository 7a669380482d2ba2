"""Rows 1 to 6 and 29 through the command: what is wrong with a genome file never becomes a score."""

import os
from pathlib import Path

import numpy as np
import pytest

from dna_mamba.scoring.variant_files.read import read_scores
from tests.io.packing import BGZF_END, bgzf
from tests.reliability.desk import SEQUENCE, fails, score
from tests.worlds import llr_by_hand, small_model, write_vcf

FASTA = f">c\n{SEQUENCE}\n".encode()


@pytest.mark.parametrize("cut", ["half", "block edge", "end marker"])
def test_row_01_a_cut_genome(here: Path, cut: str):
    packed = bgzf(FASTA, 200)
    edge = packed.rindex(b"\x1f\x8b\x08\x04", 0, -len(BGZF_END))
    size = {"half": len(packed) // 2, "block edge": edge, "end marker": len(packed) - 28}[cut]
    (here / "cut.fa.gz").write_bytes(packed[:size])
    fails(score("-o", "out.vcf", reference="cut.fa.gz"), 2, "cut.fa.gz: ", "offset ")


def test_row_02_flipped_bits(here: Path, rng_seed: int = 5):
    """Every output there is, is the one that the sound genome gives."""
    lines = (here / "in.vcf").read_text().splitlines(keepends=True)
    (here / "in.vcf").write_text("".join(lines[:12]))
    packed = bgzf(FASTA, 300)
    (here / "sound.fa.gz").write_bytes(packed)
    assert score("-o", "sound.vcf", "--no-version", reference="sound.fa.gz").exit_code == 0
    rng, refused = np.random.default_rng(rng_seed), 0
    for position in rng.choice(len(packed), 40, replace=False):
        damaged = bytearray(packed)
        damaged[position] ^= 1 << int(rng.integers(8))
        (here / "flipped.fa.gz").write_bytes(damaged)
        result = score("-o", "flipped.vcf", "--no-version", "--force", reference="flipped.fa.gz")
        assert result.exit_code in (0, 2), result.stderr
        if result.exit_code == 2:
            refused += 1
        else:
            assert (here / "flipped.vcf").read_bytes() == (here / "sound.vcf").read_bytes()
    assert refused > 20


def test_rows_03_and_04_indexes_beside_the_genome_are_never_used(here: Path):
    """Stale, forged to be enormous, or garbage: the scores are those without any."""
    assert score("-o", "without.vcf", "--no-version").exit_code == 0
    forged = "c\t2\t0\t1\t2\n" + "".join(f"c{i}\t{2**62}\t{i}\t60\t61\n" for i in range(5000))
    (here / "genome.fa.fai").write_text(forged)
    (here / "genome.fa.gzi").write_bytes(b"\xff" * 4096)
    assert score("-o", "with.vcf", "--no-version").exit_code == 0
    assert (here / "with.vcf").read_bytes() == (here / "without.vcf").read_bytes()


def test_row_05_the_genome_directory_is_untouched(here: Path):
    shared = here / "shared"
    shared.mkdir()
    for name in ("genome.fa", "in.vcf"):
        os.rename(here / name, shared / name)
    before = {path.name: path.stat().st_mtime_ns for path in shared.iterdir()}
    shared.chmod(0o555)
    try:
        assert score("-o", "scored.vcf", variants="shared/in.vcf", reference="shared/genome.fa").exit_code == 0
    finally:
        shared.chmod(0o755)
    assert {path.name: path.stat().st_mtime_ns for path in shared.iterdir()} == before


def test_row_06_windows_at_the_ends_of_a_contig_against_brute_force(here: Path):
    places = [1, 2, 10, 11, 12, 450, 889, 890, 891, 899, 900]
    rows = [("c", pos, SEQUENCE[pos - 1], "ACGT".replace(SEQUENCE[pos - 1], "")[0]) for pos in places]
    write_vcf(here / "ends.vcf", rows)
    assert score("-o", "scored.vcf", variants="ends.vcf").exit_code == 0
    found = list(read_scores("scored.vcf"))
    expected = [llr_by_hand(small_model(), SEQUENCE, scored.variant, 21) for scored in found]
    assert [scored.llr for scored in found] == pytest.approx(expected, abs=1e-5)
    cut = [pos < 11 or pos > 890 for pos in places]
    assert [scored.status for scored in found] == ["EDGE_PADDED" if is_cut else "OK" for is_cut in cut]


@pytest.mark.slow
def test_row_29_a_position_beyond_600_million(here: Path):
    """Packed in blocks that are all alike, so that it takes little space."""
    block = bgzf((SEQUENCE + "\n").encode() * 64)[: -len(BGZF_END)]
    with open(here / "long.fa.gz", "wb") as file:
        file.write(bgzf(b">c\n")[: -len(BGZF_END)])
        file.writelines(block for _ in range(10_500))
        file.write(BGZF_END)
    pos = 900 * 671_000 + 450
    write_vcf(here / "far.vcf", [("c", p, SEQUENCE[449], "ACGT".replace(SEQUENCE[449], "")[0]) for p in (450, pos)])
    result = score("-o", "far.vcf.gz", "--write-index", variants="far.vcf", reference="long.fa.gz")
    assert result.exit_code == 0, result.stderr
    near, far = read_scores("far.vcf.gz")
    assert far.variant.pos > 600_000_000
    assert far.llr == pytest.approx(near.llr, abs=1e-5)
    assert (here / "far.vcf.gz.csi").exists() and not (here / "far.vcf.gz.tbi").exists()
