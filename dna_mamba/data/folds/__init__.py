"""Which rows are trained on, chosen by and tested on; families of alike sequences; what leaks from one to the other."""

from dna_mamba.data.folds.plans import Fold, FoldKind, FoldPlan, make_folds

__all__ = ["Fold", "FoldKind", "FoldPlan", "make_folds"]
