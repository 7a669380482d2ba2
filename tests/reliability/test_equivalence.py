"""Rows 11 and 12 through the command: spelling and strand do not matter."""

import random
from pathlib import Path

import pysam
import pysam.bcftools
import pytest

from dna_mamba.alphabet import reverse_complement
from dna_mamba.scoring.variant_files.read import read_scores
from tests.reliability.desk import score
from tests.worlds import random_sequence, write_fasta

REPEATS = "".join(random_sequence(25, seed=i) + unit * 6 for i, unit in enumerate(["CA", "A", "GTT", "ACGT", "T"] * 3))
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"


def write(path, sequence, rows):
    header = ["##fileformat=VCFv4.3", f"##contig=<ID=c,length={len(sequence)}>", COLUMNS]
    lines = [f"c\t{pos}\t{name}\t{ref}\t{alt}\t.\t.\t." for pos, name, ref, alt in rows]
    path.write_text("\n".join([*header, *lines]) + "\n")


def indels(sequence, n, seed):
    """Insertions and deletions, anchored on the base before, most of them inside repeats, not normalised."""
    rng, rows = random.Random(seed), []
    for i in range(n):
        start, size = rng.randrange(3, len(sequence) - 10), rng.randrange(1, 5)
        piece = sequence[start + 1 : start + 1 + size]
        ref, alt = (sequence[start] + piece, sequence[start]) if i % 2 else (sequence[start], sequence[start] + piece)
        rows.append((start + 1, f"v{i}", ref, alt))
    return rows


def by_name(path):
    lines = [line.split("\t") for line in Path(path).read_text().splitlines() if line[0] != "#"]
    scored = read_scores(path)
    return {line[2]: (found.llr, found.status) for line, found in zip(lines, scored, strict=True)}


def test_row_11_equivalent_indels_score_equal(here: Path):
    """Oracle of equivalence: ``bcftools norm``, which moves most of these records."""
    write_fasta(here / "repeats.fa", {"c": REPEATS})
    rows = indels(REPEATS, 120, seed=1)
    write(here / "given.vcf", REPEATS, rows)
    pysam.faidx(str(here / "repeats.fa"))
    normalised = pysam.bcftools.norm("-f", str(here / "repeats.fa"), str(here / "given.vcf"))
    (here / "normal.vcf").write_text(normalised)
    for name in ("given", "normal"):
        result = score("-o", f"{name}.scored.vcf", variants=f"{name}.vcf", reference="repeats.fa")
        assert result.exit_code == 0, result.stderr
    given, normal = by_name("given.scored.vcf"), by_name("normal.scored.vcf")
    assert given == normal and len(given) == 120
    places = {name: pos for pos, name, _, _ in rows}
    moved = [
        line
        for line in normalised.splitlines()
        if line[0] != "#" and places[line.split("\t")[2]] != int(line.split("\t")[1])
    ]
    assert len(moved) > 20
    assert len({llr for llr, _ in given.values()}) > 30


def mirrored(sequence, rows):
    """The same changes on the other strand; indels get the anchor base on their other side."""
    other, found = reverse_complement(sequence), []
    for pos, name, ref, alt in rows:
        start, end = pos - 1, pos - 1 + len(ref)
        if len(ref) != len(alt):
            start, end = start + 1, end + 1
            ref, alt = ref[1:] + sequence[end - 1], alt[1:] + sequence[end - 1]
        found.append((len(sequence) - end + 1, name, reverse_complement(ref), reverse_complement(alt)))
        first = len(sequence) - end
        assert other[first : first + len(ref)] == reverse_complement(ref)
    return found


def test_row_12_the_other_strand_scores_the_same(here: Path):
    rng = random.Random(2)
    rows = indels(REPEATS, 60, seed=3)
    for i in range(60):
        pos = rng.randrange(1, len(REPEATS) + 1)
        rows.append((pos, f"s{i}", REPEATS[pos - 1], rng.choice("ACGT".replace(REPEATS[pos - 1], ""))))
    write_fasta(here / "forward.fa", {"c": REPEATS})
    write_fasta(here / "backward.fa", {"c": reverse_complement(REPEATS)})
    write(here / "forward.vcf", REPEATS, rows)
    write(here / "backward.vcf", REPEATS, mirrored(REPEATS, rows)[::-1])
    for name in ("forward", "backward"):
        result = score("-o", f"{name}.scored.vcf", variants=f"{name}.vcf", reference=f"{name}.fa")
        assert result.exit_code == 0, result.stderr
    forward, backward = by_name("forward.scored.vcf"), by_name("backward.scored.vcf")
    assert forward.keys() == backward.keys() and len(forward) == 120
    assert {name: status for name, (_, status) in forward.items()} == {n: s for n, (_, s) in backward.items()}
    for name, (llr, _) in forward.items():
        assert llr == pytest.approx(backward[name][0], abs=1e-5)
