"""What a run begins with: random weights, or those of another model, some of them frozen."""

from dna_mamba.training.pretrain.start.freezing import frozen_depth, n_frozen
from dna_mamba.training.pretrain.start.origin import Origin
from dna_mamba.training.pretrain.start.point import Start, starting_point

__all__ = ["Origin", "Start", "frozen_depth", "n_frozen", "starting_point"]
