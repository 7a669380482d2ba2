"""Bases from blocks against the file, at the edges of blocks and of contigs."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dna_mamba.alphabet import bases_of, decode_bases, encode_bases
from dna_mamba.errors import InputError
from dna_mamba.io.fasta import FastaReader
from dna_mamba.sequences.cached_genome import CachedGenome, allele_bases
from tests.worlds import random_sequence, write_fasta

BLOCK = 16_384
LENGTHS = {"short": 5, "less": BLOCK - 1, "block": BLOCK, "more": BLOCK + 1, "two": 2 * BLOCK, "many": 20 * BLOCK + 7}
SEQUENCES = {name: random_sequence(n, seed=n) for name, n in LENGTHS.items()} | {"empty": ""}
EDGES = sorted({edge + shift for edge in (0, BLOCK, 2 * BLOCK) for shift in (-2, -1, 0, 1, 2)})


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    path = tmp_path_factory.mktemp("genome") / "g.fa"
    return FastaReader(write_fasta(path, {name: letters for name, letters in SEQUENCES.items() if letters}))


@pytest.fixture(scope="module")
def genome(reference):
    return CachedGenome(reference)


def expected(chrom, start, end):
    letters = SEQUENCES[chrom]
    return letters[min(max(start, 0), len(letters)) : min(max(end, 0), len(letters))]


@pytest.mark.parametrize("chrom", LENGTHS)
def test_every_pair_of_places_around_the_edges(genome, chrom):
    ends = {LENGTHS[chrom] + shift for shift in (-1, 0, 1)}
    places = sorted({*EDGES, *ends})
    for start in places:
        for end in places:
            assert decode_bases(genome.bases(chrom, start, end)) == expected(chrom, start, end)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(-10, 20 * BLOCK + 20), size=st.integers(-3, 18 * BLOCK))
def test_anywhere_on_a_long_contig(genome, start, size):
    """From within one block to more of them than are held."""
    assert decode_bases(genome.bases("many", start, start + size)) == expected("many", start, start + size)


def test_blocks_are_read_once_while_they_are_held(reference, monkeypatch):
    genome, read = CachedGenome(reference), []
    inner = reference.codes
    monkeypatch.setattr(
        reference, "codes", lambda chrom, start, end: read.append((chrom, start, end)) or inner(chrom, start, end)
    )
    for _ in range(3):
        genome.bases("more", 10, 20)
        genome.bases("more", BLOCK - 1, BLOCK + 1)
    assert read == [("more", 0, BLOCK), ("more", BLOCK, BLOCK + 1)]
    for i in range(16):
        genome.bases("many", i * BLOCK, i * BLOCK + 1)
    read.clear()
    genome.bases("more", 10, 20)
    assert read == [("more", 0, BLOCK)]


def test_as_many_blocks_as_are_held_are_kept_and_more_are_not(reference, monkeypatch):
    genome, read = CachedGenome(reference), []
    inner = reference.codes
    monkeypatch.setattr(reference, "codes", lambda *place: read.append(place) or inner(*place))
    genome.bases("many", 0, 16 * BLOCK)
    assert len(read) == 16
    read.clear()
    genome.bases("many", 0, 16 * BLOCK + 1)
    assert read == [("many", 0, 16 * BLOCK + 1)]
    read.clear()
    genome.bases("many", 5, 16 * BLOCK)
    assert not read


def test_no_soft_mask_and_no_writing(tmp_path):
    genome = CachedGenome(FastaReader(write_fasta(tmp_path / "g.fa", {"c": "acgtNRyACGT"})))
    found = genome.bases("c", 0, 11)
    assert found.tolist() == [0, 1, 2, 3, 4, 4, 4, 0, 1, 2, 3] and found.dtype == np.uint8
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 1


def test_lengths_and_unknown_contigs(genome):
    assert genome.length("more") == BLOCK + 1
    for ask in (lambda: genome.length("x"), lambda: genome.bases("x", 0, 1)):
        with pytest.raises(InputError, match="no contig 'x'"):
            ask()


@pytest.mark.parametrize("letters", ["", "A", "acgtn", "ACGTACGT", "ACGTACGTr", "N" * 500])
def test_bases_of_alleles_of_any_length(letters):
    np.testing.assert_array_equal(allele_bases(letters), bases_of(encode_bases(letters)))


@pytest.mark.parametrize("letters", ["?", "<DEL>", "ACGTACGTACGT*"])
def test_alleles_of_other_letters(letters):
    with pytest.raises(InputError):
        allele_bases(letters)


def test_a_short_allele_is_not_written_to():
    with pytest.raises(ValueError, match="read-only"):
        allele_bases("ACG")[0] = 3
