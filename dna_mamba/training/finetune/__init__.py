"""Task models from labels: heads on encoders, taught, judged on folds beside baselines, and kept with a card."""

from dna_mamba.training.finetune.job import FinetuneJob, Onlooker
from dna_mamba.training.finetune.recipe import FinetuneRecipe, read_finetune_recipe

__all__ = ["FinetuneJob", "FinetuneRecipe", "Onlooker", "read_finetune_recipe"]
