"""Places and their letters, under the genome's names, on either strand."""

import pytest

from dna_mamba.alphabet import reverse_complement
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval, Strand
from dna_mamba.io.fasta import FastaReader, FastaRecord
from dna_mamba.sequences.regions import (
    as_reference,
    as_regions,
    by_contig,
    contig_sequences,
    region_sequences,
    whole_contigs,
)
from tests.worlds import random_sequence, write_fasta

SEQUENCES = {"chr1": random_sequence(40), "2": "acgtNRYk", "MT": random_sequence(12, 1)}


@pytest.fixture
def path(tmp_path):
    return write_fasta(tmp_path / "g.fa", SEQUENCES)


@pytest.fixture
def genome(path):
    return FastaReader(path)


def test_a_reader_is_itself_and_a_path_is_opened(path, genome):
    assert as_reference(genome) is genome
    for given in (path, str(path)):
        assert as_reference(given).contigs == genome.contigs
    with pytest.raises(InputError, match="text: no '>' header"):
        (path.parent / "text").write_text("no sequence\n")
        as_reference(path.parent / "text")


def test_notation_is_1_based_and_intervals_0_based(genome):
    assert as_regions(["chr1:1-3", Interval("chr1", 0, 3)], genome) == (Interval("chr1", 0, 3),) * 2
    assert as_regions(["chr1", "chr1:40-"], genome) == (Interval("chr1", 0, 40), Interval("chr1", 39, 40))
    assert as_regions((), genome) == ()


def test_places_of_a_contig_keep_their_order():
    far, near, other = Interval("chr1", 30, 40), Interval("chr1", 0, 3), Interval("2", 1, 2)
    assert by_contig([far, other, near]) == {"chr1": [far, near], "2": [other]}


def test_the_names_of_the_genome_are_taken_and_all_else_kept(genome):
    named = Interval("1", 3, 9, "gene", Strand.REVERSE)
    assert as_regions([named, "chr2:2-4"], genome) == (
        Interval("chr1", 3, 9, "gene", Strand.REVERSE),
        Interval("2", 1, 4),
    )


@pytest.mark.parametrize("region", [Interval("chr1", 30, 41), "chr1:30-41", "chr9", Interval("chr9", 0, 1), "chrM:1-2"])
def test_places_that_are_not_on_it(genome, region):
    """``chrM`` may be another sequence than ``MT``."""
    with pytest.raises(InputError):
        as_regions(["chr1:1-40", region], genome)


def test_contigs_without_a_base_are_no_region(tmp_path):
    (tmp_path / "g.fa").write_text(">a\nACG\n>none\n>b\nT\n")
    assert whole_contigs(FastaReader(tmp_path / "g.fa")) == [Interval("a", 0, 3), Interval("b", 0, 1)]


def test_letters_of_regions_in_their_order_and_on_their_strand(genome):
    regions = [
        Interval("2", 1, 8),
        Interval("chr1", 39, 40, "last"),
        Interval("2", 1, 8, "back", Strand.REVERSE),
        Interval("chr1", 5, 15, ".", Strand.FORWARD),
    ]
    assert list(region_sequences(genome, regions)) == [
        FastaRecord("2:2-8", "", b"cgtNRYk"),
        FastaRecord("last", "", SEQUENCES["chr1"][39:].encode()),
        FastaRecord("back", "", b"mRYNacg"),
        FastaRecord("chr1:6-15", "", SEQUENCES["chr1"][5:15].encode()),
    ]
    assert reverse_complement("cgtNRYk") == "mRYNacg"


def test_whole_contigs_as_sequences(genome):
    assert [(r.name, r.sequence.decode()) for r in contig_sequences(genome)] == list(SEQUENCES.items())
