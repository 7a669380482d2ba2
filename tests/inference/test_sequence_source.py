"""Sequences in order, again and again where that can be, and what names them for good."""

import os

import pytest

from dna_mamba.errors import InputError
from dna_mamba.genome import Interval, Strand
from dna_mamba.inference.sequence_source import SequenceSource
from dna_mamba.io.fasta import FastaReader, FastaRecord
from tests.worlds import random_sequence, write_fasta

SEQUENCES = {"chr1": random_sequence(40), "b": "acgtN"}
REGIONS = [Interval("b", 1, 4, "back", Strand.REVERSE), Interval("chr1", 5, 9)]


@pytest.fixture
def path(tmp_path):
    return write_fasta(tmp_path / "in.fa", SEQUENCES)


def spelled(source):
    return [(record.name, record.sequence.decode()) for record in source]


def test_a_file_a_genome_and_records_give_the_same(path):
    records = [FastaRecord(name, "", letters.encode()) for name, letters in SEQUENCES.items()]
    for given in (path, str(path), FastaReader(path), records):
        source = SequenceSource(given)
        assert spelled(source) == list(SEQUENCES.items()) and source.regions is None
    assert SequenceSource(path).fingerprint() != SequenceSource(FastaReader(path)).fingerprint()


@pytest.mark.parametrize("kind", [FastaReader, str])
def test_regions_of_a_genome(path, kind):
    source = SequenceSource(kind(path), [REGIONS[0], "1:6-9"])
    assert source.regions == tuple(REGIONS)
    for _ in range(2):
        assert spelled(source) == [("back", "acg"), ("chr1:6-9", SEQUENCES["chr1"][5:9])]
    with pytest.raises(InputError, match="regions of sequences that are not a genome"):
        SequenceSource([FastaRecord("a", "", b"ACGT")], REGIONS)
    with pytest.raises(InputError, match="ends past b"):
        SequenceSource(kind(path), [Interval("b", 0, 6)])


def test_what_can_be_read_twice(path, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert SequenceSource(path).is_repeatable and SequenceSource(FastaReader(path)).is_repeatable
    assert SequenceSource(path, REGIONS).is_repeatable
    for given in (tmp_path / "pipe", "-", [FastaRecord("a", "", b"ACGT")], iter([])):
        assert not SequenceSource(given).is_repeatable


def test_sequences_are_named_for_good_once_they_are_read(path, tmp_path):
    """As a genome of them is; letter case plays no part, and a second reading changes nothing."""
    genome = FastaReader(path)
    lower = write_fasta(tmp_path / "lower.fa", {name: letters.lower() for name, letters in SEQUENCES.items()})
    for given in (path, lower):
        source = SequenceSource(given)
        for _ in range(2):
            list(source)
            assert source.fingerprint() == {"sequences_sha256": genome.fingerprint}
    assert SequenceSource(genome).fingerprint() == {"reference_sha256": genome.fingerprint}


def test_what_must_agree_to_resume(path, tmp_path):
    facts = SequenceSource(path).facts()
    assert facts.keys() == {"input"} and facts == SequenceSource(str(path)).facts()
    other = write_fasta(tmp_path / "other.fa", SEQUENCES | {"b": "ACGTN"})
    assert SequenceSource(other).facts() != facts
    whole = SequenceSource(FastaReader(path)).facts()
    assert whole == SequenceSource(FastaReader(other)).facts()  # the same bases
    variants = [
        REGIONS,
        REGIONS[::-1],
        REGIONS[:1],
        [Interval("b", 1, 4, "back"), REGIONS[1]],
        [Interval("b", 1, 4, "other", Strand.REVERSE), REGIONS[1]],
        [Interval("b", 1, 5, "back", Strand.REVERSE), REGIONS[1]],
        [],
    ]
    seen = [SequenceSource(path, regions).facts()["regions"] for regions in variants]
    assert len({*seen, whole["regions"]}) == len(variants) + 1
