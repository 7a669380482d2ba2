"""Genes as a label a base: a head for every base of genomes, trained on windows, judged on held-out stretches."""

from dna_mamba.training.finetune.annotation.job import AnnotationJob

__all__ = ["AnnotationJob"]
