"""The genome of ``genes.py``, and every substitution of its genes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dna_mamba.evaluation.substitutions import Substitutions, every_substitution
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.gff.rows import read_coding
from tests.evaluation.genes import World, write_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    return write_world(tmp_path)


@pytest.fixture
def every(world: World) -> Iterator[tuple[Substitutions, FastaReader]]:
    with FastaReader(world.genome) as genome:
        yield every_substitution(genome, read_coding(world.genes).sequences, ["chr1", "chr2"])[0], genome
