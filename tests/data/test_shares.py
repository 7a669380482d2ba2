"""Shares of genomes: parts of contigs and genomes, blocks, and what they leave alone."""

import numpy as np
import pytest

from dna_mamba.data.genomes import LoadedGenomes
from dna_mamba.data.places import ContigNames
from dna_mamba.data.shares import BedPlaces, BlockPlaces, PartPlaces, share_of
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval


def genomes(**lengths: dict[str, int]) -> LoadedGenomes:
    """Contigs of these lengths by genome."""
    genome = LoadedGenomes()
    for name, contigs in lengths.items():
        for chrom, length in contigs.items():
            genome.add(name, f"{name}:{chrom}", np.zeros(length, dtype=np.uint8))
    return genome


NAMES = ContigNames.of(genomes(a={"1": 1000, "2": 500}, b={"1": 300, "empty": 0}))


def held(rule: PartPlaces | BlockPlaces | BedPlaces, *taken: Interval) -> list[str]:
    return [str(place) for place in share_of(rule, NAMES, taken, "genome.validation")]


def test_the_last_part_of_every_contig() -> None:
    assert held(PartPlaces(last=0.1)) == ["a:1:901-1000", "a:2:451-500", "b:1:271-300"]
    assert held(PartPlaces(last=0.1, of="a:*")) == ["a:1:901-1000", "a:2:451-500"]
    assert held(PartPlaces(part=(0.8, 0.9), of="a:1")) == ["a:1:801-900"]
    assert held(PartPlaces(part=(0, 1), of="2")) == ["a:2:1-500"]


def test_the_last_part_of_every_genome_may_span_contigs() -> None:
    assert held(PartPlaces(last=0.4, each="genome")) == ["a:1:901-1000", "a:2:1-500", "b:1:181-300"]


def test_contigs_that_are_held_out_whole_have_no_part() -> None:
    assert held(PartPlaces(last=0.1), NAMES.whole("a:1")) == ["a:2:451-500", "b:1:271-300"]
    with pytest.raises(InputError, match=r"genome.validation: {last: 0.1, of: a:1} has no contig to hold out of"):
        held(PartPlaces(last=0.1, of="a:1"), NAMES.whole("a:1"))
    with pytest.raises(InputError, match="holds nothing out"):
        held(PartPlaces(last=0.0001))


def test_blocks_spread_evenly_and_follow_their_seed() -> None:
    rule = BlockPlaces(fraction=0.2, block_bp=10)
    blocks = share_of(rule, NAMES, [], "genome.test")
    assert blocks == share_of(rule, NAMES, [], "genome.test") == sorted(blocks, key=lambda p: (p.chrom, p.start))
    assert blocks != share_of(BlockPlaces(fraction=0.2, block_bp=10, seed=1), NAMES, [], "genome.test")
    assert {len(block) for block in blocks} == {10} and len(set(blocks)) == len(blocks) == 36
    assert [sum(b.chrom == chrom for b in blocks) for chrom in ("a:1", "a:2", "b:1")] == [20, 10, 6]


def test_every_block_is_as_likely_as_any_other() -> None:
    counts = np.zeros(50)
    for seed in range(400):
        for block in share_of(BlockPlaces(fraction=0.1, block_bp=10, of="a:2", seed=seed), NAMES, [], "x"):
            counts[block.start // 10] += 1
    assert counts.sum() == 2000 and counts.min() > 15 and counts.max() < 70


def test_blocks_leave_alone_what_is_taken() -> None:
    taken = [Interval("a:1", 0, 985), NAMES.whole("a:2")]
    assert held(BlockPlaces(fraction=0.9, block_bp=10, of="a:*"), *taken) == ["a:1:991-1000"]
    with pytest.raises(InputError, match="holds nothing out"):
        held(BlockPlaces(fraction=0.9, block_bp=1000, of="a:1"), Interval("a:1", 5, 6))


def test_a_contig_shorter_than_a_block_is_one() -> None:
    assert held(BlockPlaces(fraction=0.5, block_bp=100_000, of="b:*")) == ["b:1:1-300"]


@pytest.mark.parametrize(
    "values",
    [{}, {"last": 0.1, "part": (0, 1)}, {"part": (0.5, 0.5)}, {"last": 1}, {"last": 0.1, "off": "a"}, {"last": "x"}],
)
def test_wrong_parts(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"part|last|off"):
        PartPlaces.model_validate(values)
