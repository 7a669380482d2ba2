"""What texts and BED files name: contigs by all their names, patterns, stretches."""

import gzip
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.data.genomes import LoadedGenomes
from dna_mamba.data.places import ContigNames, bed_places, merge_places, places_of
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval


def names_of(*contigs: tuple[str, str, int]) -> ContigNames:
    """Names of contigs given as genome, name and length."""
    genome = LoadedGenomes()
    for name, chrom, length in contigs:
        genome.add(name, chrom, np.zeros(length, dtype=np.uint8))
    return ContigNames.of(genome)


STORE = names_of(
    ("yeast", "yeast:chrI", 100), ("yeast", "yeast:chrM", 20), ("worm", "worm:chrX", 50), ("worm", "worm:chrM", 10)
)
FILES = names_of(("yeast", "chrI", 100), ("worm", "chrX", 50), ("worm", "HLA-A*01:01", 30))


def found(text: str, names: ContigNames) -> list[str]:
    return [str(place) for place in places_of(text, names, "genome.test")]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("yeast:chrI", ["yeast:chrI:1-100"]),
        ("chrI", ["yeast:chrI:1-100"]),
        ("worm:*", ["worm:chrX:1-50", "worm:chrM:1-10"]),
        ("*:chrM", ["yeast:chrM:1-20", "worm:chrM:1-10"]),
        ("chr[IX]", ["yeast:chrI:1-100", "worm:chrX:1-50"]),
        ("yeast:chrI:11-20", ["yeast:chrI:11-20"]),
        ("chrI:11-", ["yeast:chrI:11-100"]),
        ("worm:chrM:-5", ["worm:chrM:1-5"]),
        ("X:2-3", ["worm:chrX:2-3"]),
    ],
)
def test_contigs_of_a_store(text: str, places: list[str]) -> None:
    assert found(text, STORE) == places


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("chrX", ["chrX:1-50"]),
        ("worm:chrX", ["chrX:1-50"]),
        ("worm:*", ["chrX:1-50", "HLA-A*01:01:1-30"]),
        ("yeast:chrI:5-6", ["chrI:5-6"]),
        ("HLA-A*01:01", ["HLA-A*01:01:1-30"]),
        ("HLA-A*01:01:1-5", ["HLA-A*01:01:1-5"]),
        ("*", ["chrI:1-100", "chrX:1-50", "HLA-A*01:01:1-30"]),
    ],
)
def test_contigs_of_files(text: str, places: list[str]) -> None:
    assert found(text, FILES) == places


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("chrM", r"genome.test: 'chrM' is a contig of 2 genomes; name one of yeast:chrM, worm:chrM"),
        ("chrM:1-5", "'chrM:1-5' is a contig of 2 genomes"),
        ("chrII", "genome.test: no contig matches 'chrII'; contigs are yeast:chrI, "),
        ("fly:*", "no contig matches|no contig 'fly'"),
        ("chrI:90-101", "ends past chrI"),
        ("none.bed", "none.bed: "),
    ],
)
def test_what_names_nothing(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        found(text, STORE)
    assert "\n" not in str(caught.value)


def test_a_bed_file_is_joined_and_named_as_the_genome_does(tmp_path: Path) -> None:
    path = tmp_path / "held.bed.gz"
    lines = b"# comment\nchrI\t20\t30\tname\nchrI\t10\t20\nyeast:chrI\t5\t12\nworm:chrX\t0\t50\n"
    path.write_bytes(gzip.compress(lines))
    assert found(str(path), STORE) == ["yeast:chrI:6-30", "worm:chrX:1-50"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "held.bed: holds no interval"),
        ("chrI\t0\t101\n", "ends past chrI"),
        ("chrM\t0\t5\n", "contig of 2 genomes"),
    ],
)
def test_bed_files_of_another_genome(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "held.bed").write_text(content)
    with pytest.raises(InputError, match=message):
        bed_places(str(tmp_path / "held.bed"), STORE)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)), min_size=1, max_size=8), st.integers(0, 3))
def test_merging_against_marking_base_by_base(spans: list[tuple[int, int]], gap_bp: int) -> None:
    merged = merge_places([Interval("c", start, start + length) for start, length in spans], gap_bp)
    inside = np.zeros(60, dtype=bool)
    for start, length in spans:
        inside[start : start + length] = True
    for one, other in pairwise(merged):
        assert other.start - one.end > gap_bp
        assert not inside[one.end : other.start].any()
    marked = np.zeros(60, dtype=bool)
    for place in merged:
        marked[place.start : place.end] = True
        assert inside[place.start] and inside[place.end - 1]
    assert not (inside & ~marked).any()
