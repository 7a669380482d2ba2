"""Context parallelism: one batch of sequences over several processes, each of which holds a contiguous part."""

from dna_mamba.models.context.mixing import mix_part
from dna_mamba.models.context.part import SequencePart

__all__ = ["SequencePart", "mix_part"]
