"""What has been learnt of one genome from its confident genes."""

from typing import NamedTuple

from dna_mamba.annotation.statistics.coding_potential import CodingPotential
from dna_mamba.annotation.statistics.splice_sites import SpliceSites
from dna_mamba.annotation.statistics.start_sites import StartSites


class GenomeStatistics(NamedTuple):
    """``splice`` None where nothing is spliced or too few introns are sure; ``head_weight`` of the head's log-odds."""

    coding: CodingPotential
    starts: StartSites
    splice: SpliceSites | None
    head_weight: float
