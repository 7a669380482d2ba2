"""The small genome, and a plan of what is asked of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from dna_mamba.evaluation.knowledge.plan import KnowledgeOptions, KnowledgePlan, make_plan
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.genbank_features import read_annotation
from tests.evaluation.knowledge.worlds import SmallGenome, write_small_genome

OPTIONS = KnowledgeOptions(held_out=("chr1",), n_sites=100, n_resamples=50)


class Planned(NamedTuple):
    """A plan, with the genome it is of."""

    small: SmallGenome
    genome: FastaReader
    plan: KnowledgePlan


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planned]:
    directory: Path = tmp_path_factory.mktemp("small")
    small = write_small_genome(directory)
    with FastaReader(small.genome) as genome:
        plan = make_plan(genome, read_annotation(small.annotation), OPTIONS, context_bp=64, place="genes.gff3")
        yield Planned(small, genome, plan)
