"""The methods of a run by name: ours as the recipe says, and the baselines beside it."""

from collections.abc import Callable
from typing import NamedTuple

from dna_mamba.data.labelled.dataset import Labelled
from dna_mamba.training.finetune.baselines.cnn import small_cnn
from dna_mamba.training.finetune.baselines.composition import CompositionTable
from dna_mamba.training.finetune.baselines.constant import majority
from dna_mamba.training.finetune.baselines.kmers import KmerTable
from dna_mamba.training.finetune.bins import BinTable
from dna_mamba.training.finetune.linear.choice import FeatureTable, fit_and_answer
from dna_mamba.training.finetune.linear.model import Estimator
from dna_mamba.training.finetune.problem import Asked, HeldOutAnswer, Problem
from dna_mamba.training.finetune.recipe import FinetuneRecipe


class Method(NamedTuple):
    """A way to answer.

    Attributes:
        name: in tables and results.
        is_random: whether another seed gives another answer; others are taught once a fold.
        answer: learns and answers.
    """

    name: str
    is_random: bool
    answer: Callable[[Asked], HeldOutAnswer]


class Encoders(NamedTuple):
    """What the model of the run, and one like it with random weights, make of the rows.

    Attributes:
        table: vectors of the pretrained encoder (True), or of one with random weights from a seed.
        tune: training by gradients of a model that starts pretrained (True), or from random weights.
    """

    table: Callable[[bool, int], FeatureTable]
    tune: Callable[[Asked, bool], HeldOutAnswer]


def methods_of(recipe: FinetuneRecipe, problem: Problem, encoders: Encoders) -> list[Method]:
    """Ours first, then the baselines of the recipe."""
    own = _encoder_method(recipe, problem, encoders, pretrained=True)
    estimator: Estimator = "ridge" if problem.kind == "values" else "logistic"
    composition, kmers = (_features(problem, table_of) for table_of in (CompositionTable, KmerTable))
    baselines = {
        "majority": Method("majority", False, majority),
        "gc-length": Method("gc-length", False, lambda asked: fit_and_answer(asked, composition, estimator)),
        "kmer-logistic": Method("kmer-logistic", False, lambda asked: fit_and_answer(asked, kmers, estimator)),
        "cnn": Method("cnn", True, small_cnn),
        "random-weights": _encoder_method(recipe, problem, encoders, pretrained=False),
    }
    return [own, *(baselines[name] for name in recipe.baselines)]


def _features(problem: Problem, table_of: Callable[[Labelled], FeatureTable]) -> FeatureTable:
    return table_of(problem.data) if problem.bin_bp is None else BinTable(problem.data, table_of)


def _encoder_method(recipe: FinetuneRecipe, problem: Problem, encoders: Encoders, *, pretrained: bool) -> Method:
    name = recipe.how if pretrained else "random-weights"
    if recipe.how != "probe":
        return Method(name, True, lambda asked: encoders.tune(asked, pretrained))
    estimator = recipe.probe.estimator_for(problem.kind)

    def answer(asked: Asked) -> HeldOutAnswer:
        return fit_and_answer(asked, encoders.table(pretrained, asked.seed), estimator)

    return Method(name, not pretrained, answer)
