"""Pretraining a masked language model on genomes."""

from dna_mamba.training.loop.watcher import Watcher
from dna_mamba.training.pretrain.job import PretrainJob
from dna_mamba.training.pretrain.recipe import Recipe, read_recipe

__all__ = ["PretrainJob", "Recipe", "Watcher", "read_recipe"]
