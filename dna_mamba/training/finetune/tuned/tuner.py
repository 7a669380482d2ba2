"""Training by gradients as a method of a run: a training a fold and seed, then one on all rows."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median_low
from typing import Any

from dna_mamba.models import TaskModel
from dna_mamba.training.finetune.encoders import EncoderShelf
from dna_mamba.training.finetune.outputs.directory import TRAININGS
from dna_mamba.training.finetune.problem import Asked, HeldOutAnswer
from dna_mamba.training.finetune.recipe import FinetuneRecipe
from dna_mamba.training.finetune.tuned.objective import answers_for
from dna_mamba.training.finetune.tuned.start import starting_model, starts_as_probe
from dna_mamba.training.finetune.tuned.training import Lesson, fresh, train


class Tuner:
    """Trains task models as a recipe says.

    Args:
        recipe: of the run.
        directory: of the run.
        shelf: has the encoders and their vectors.
        told: takes a line for every epoch.
    """

    def __init__(
        self, recipe: FinetuneRecipe, directory: Path, shelf: EncoderShelf, told: Callable[[str], None]
    ) -> None:
        self._recipe, self._directory, self._shelf, self._told = recipe, directory, shelf, told

    def answer(self, asked: Asked, pretrained: bool) -> HeldOutAnswer:
        """Train on the training rows, take the best epoch on the validation rows, answer for the test rows."""
        trained = train(self._lesson(asked, self._start(asked, self._recipe, pretrained), None))
        head = trained.model.head_config
        answers = answers_for(trained.model, asked.problem.windows, asked.problem.windows_with(asked.part.test))
        chosen = {"epoch": trained.epoch, "pooling": head.pooling, "strands": head.strands}
        return HeldOutAnswer(answers, chosen, trained.log)

    def final(self, asked: Asked, chosen: Sequence[Mapping[str, Any]]) -> TaskModel:
        """A model of all known rows, with the pooling most folds chose, after their median of epochs."""
        ways = [(str(one["pooling"]), str(one["strands"])) for one in chosen]
        pooling, strands = max(dict.fromkeys(ways), key=ways.count)
        head = self._recipe.head.model_copy(update={"pooling": pooling, "strands": strands})
        recipe = self._recipe.model_copy(update={"head": head})
        everything = asked._replace(part=asked.part._replace(train=asked.part.known))
        start = self._start(everything, recipe, True)
        epochs = median_low([int(one["epoch"]) for one in chosen])
        return train(self._lesson(asked, start, epochs)).model

    def _start(self, asked: Asked, recipe: FinetuneRecipe, pretrained: bool) -> TaskModel:
        table = self._shelf.table_of(pretrained, asked.seed) if starts_as_probe(recipe) else None
        return fresh(starting_model(asked, recipe, self._shelf.encoder_of(pretrained, asked.seed), table))

    def _lesson(self, asked: Asked, model: TaskModel, epochs: int | None) -> Lesson:
        directory = self._directory / TRAININGS / asked.name
        return Lesson(asked, self._recipe, model, directory, epochs, self._told)
