"""What a head for variants, trained on labels, says of an allele."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from dna_mamba.errors import InputError
from dna_mamba.inference.context import window_of
from dna_mamba.inference.open import as_task_model, fingerprint
from dna_mamba.inference.questions import AllelePair, Answers, Question
from dna_mamba.models import LoadedModel, TaskModel
from dna_mamba.models.precision import Precision
from dna_mamba.scoring.variants.scores.base import Column
from dna_mamba.sequences.variant_windows import AlleleWindows

PREFIX = "head:"
THE_MODEL = "head"
"""The score of a model that is itself a head for variants."""
KEY_PREFIX, COLUMN_PREFIX = "DM_HEAD_", "head_"
_NOT_IN_KEYS = re.compile(r"[^0-9A-Za-z_]+")
_LABELLED = re.compile(r"([0-9A-Za-z_]+)=(.+)")


class HeadName(NamedTuple):
    """``head:PATH`` or ``head:LABEL=PATH``: where the model is, and what tells its columns from those of others."""

    path: str
    label: str


def parse_head(name: str) -> HeadName | None:
    """What a score's name says, None if it names no head. Raises InputError for a head without a path."""
    if not name.startswith(PREFIX):
        return None
    match = _LABELLED.fullmatch(name.removeprefix(PREFIX))
    found = HeadName(match[2], match[1]) if match else HeadName(name.removeprefix(PREFIX), "")
    if not found.path:
        raise InputError(f"score {name!r} has no path", place="--scores", remedy="write head:DIRECTORY of a model")
    return found


class HeadScore:
    """The answer of a head for variants to the windows with either allele: ``TaskModel.forward_pair``.

    The windows are those that it was trained on: its own length, N beyond the ends of a contig. One column an output:
    the probability of a class, or a value in units of the labels.

    Args:
        model: with a head for variants, or where it is.
        label: opens the columns' names where there are several heads.
        window_bp: longest window; default what the head was trained on.
        device: where the model runs; default where it is, the CPU for one that is loaded.
        precision: see ``models.precision``.

    Raises:
        InputError: the model has no head for variants.
    """

    name = THE_MODEL

    def __init__(
        self,
        model: LoadedModel | str | Path,
        label: str = "",
        *,
        window_bp: int | None = None,
        device: str | torch.device | None = None,
        precision: Precision | None = None,
    ) -> None:
        self.model = as_task_model(model, device, precision)
        head = self.model.head_config
        if head.task != "variant":
            what = f"a head for {head.task} says nothing of variants"
            place = model if isinstance(model, str | Path) else None
            raise InputError(what, place=place, remedy="give one that finetune --task variant wrote")
        self.sha256 = fingerprint(model)
        self.window_bp = window_of(self.model, window_bp)
        self.columns = tuple(
            Column(COLUMN_PREFIX + key, KEY_PREFIX + key, _description(self.model, output), self.window_bp)
            for key, output in zip(_keys(head.outputs, label), head.outputs, strict=True)
        )

    def questions(self, pair: AlleleWindows) -> Sequence[Question]:
        return [AllelePair(pair.ref_codes.tobytes(), pair.alt_codes.tobytes(), self.sha256)]

    def values(self, pair: AlleleWindows, answers: Answers) -> tuple[float | None, ...]:
        (question,) = self.questions(pair)
        assert isinstance(question, AllelePair)
        return tuple(float(value) for value in answers.pairs[question])


def _keys(outputs: Sequence[str], label: str) -> list[str]:
    """A word of letters, digits and _ for each output, no two of them equal."""
    keys: list[str] = []
    for output in outputs:
        word = "_".join(part for part in (label, _NOT_IN_KEYS.sub("_", output).strip("_")) if part)
        keys.append(word if word and word not in keys else f"{word}_{len(keys) + 1}".strip("_"))
    return keys


def _description(model: TaskModel, output: str) -> str:
    printable = "".join(" " if letter in '"\\<>' or not letter.isprintable() else letter for letter in output)
    if model.head_config.kind == "classes":
        return f"Probability of class {printable} by a head trained on labels; 0 to 1"
    return f"{printable} by a head trained on labels, in units of these; any real number"
