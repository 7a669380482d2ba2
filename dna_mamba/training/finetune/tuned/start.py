"""Where training by gradients begins: the encoder with a head that a linear probe has set already.

A head that starts at random bends the encoder before it says anything (Kumar et al. 2022, *Fine-tuning can distort
pretrained features and underperform out-of-distribution*); a probe first, then all of it, keeps what both know. The
weights of the probe itself are a candidate for the best epoch: training never makes a result worse on the validation
rows.
"""

import torch

from dna_mamba.models import TaskModel
from dna_mamba.models.model import StrandModel
from dna_mamba.training.finetune.embeddings import EmbeddingTable
from dna_mamba.training.finetune.head import head_config_of, scaling_of, set_probe
from dna_mamba.training.finetune.linear.choice import LinearSettings, choose, fit
from dna_mamba.training.finetune.problem import Asked
from dna_mamba.training.finetune.recipe import FinetuneRecipe


def starting_model(
    asked: Asked, recipe: FinetuneRecipe, encoder: StrandModel, table: EmbeddingTable | None
) -> TaskModel:
    """A task model on the encoder, which both share; with a table of its vectors the head is a probe's.

    Args:
        asked: rows; the probe is fitted to those that are trained on.
        recipe: says pooling, strands and the layers of the head.
        encoder: pretrained, or with random weights.
        table: None starts the head at random.
    """
    head, problem = recipe.head, asked.problem
    settings = None if table is None else _settings(asked, recipe, table)
    pooling, _, strands = ("", "", "") if settings is None else settings.features.partition(", ")
    config = head_config_of(
        problem,
        scaling_of(problem, asked.part.train),
        pooling=head.pooling if head.pooling != "auto" else pooling or "mean",
        strands=head.strands if head.strands != "auto" else strands or "joined",
        hidden=head.hidden,
        counts=head.counts,
        dropout=head.dropout,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(asked.seed)
        model = TaskModel.on(encoder, config)
    if table is not None and settings is not None:
        trained_on = asked._replace(part=asked.part._replace(validation=asked.part.test[:0]))
        linear = fit(trained_on, table, settings).model
        set_probe(model, linear)
    return model


def starts_as_probe(recipe: FinetuneRecipe) -> bool:
    """Whether the head of the recipe is one that a linear probe can set."""
    return recipe.head.hidden is None and recipe.head.pooling != "attention" and not recipe.head.counts


def _settings(asked: Asked, recipe: FinetuneRecipe, table: EmbeddingTable) -> LinearSettings:
    estimator = recipe.probe.estimator_for(asked.problem.kind)
    return choose(asked, _Some(recipe, table), estimator)[0]


class _Some:
    """The kinds of features that the head of a recipe can have."""

    def __init__(self, recipe: FinetuneRecipe, table: EmbeddingTable) -> None:
        head = recipe.head
        self.of = table.of
        self.kinds = tuple(
            kind
            for kind in table.kinds
            if head.pooling in ("auto", kind.partition(", ")[0]) and head.strands in ("auto", kind.partition(", ")[2])
        )
