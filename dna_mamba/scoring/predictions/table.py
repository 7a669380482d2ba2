"""Answers as lines of a table or of BED."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from dna_mamba.errors import InputError
from dna_mamba.models import HeadConfig
from dna_mamba.runs.table_lines import MISSING, format_number
from dna_mamba.scoring.predictions.answers import Answer
from dna_mamba.scoring.predictions.status import STATUS

LineKind = Literal["table", "bed"]
_PLACE = ("chrom", "start", "end", "id", "score", "strand")
_MOST_SCORE = 1000
_NOT_IN_CELLS = str.maketrans("\t\n\r", "   ")


def column_names(head: HeadConfig, kind: LineKind) -> list[str]:
    """Of the line that names the columns: an output each between what a row is and its status.

    Raises:
        InputError: an output is called as another column is.
    """
    ours = list(_PLACE) if kind == "bed" else ["id"]
    for output in head.outputs:
        if output in (*ours, STATUS):
            raise InputError(f"an output of the head is called {output!r}", remedy="rename the class and train again")
    return [*ours, *(output.translate(_NOT_IN_CELLS) for output in head.outputs), STATUS]


def header_line(head: HeadConfig, kind: LineKind) -> str:
    """The line that names the columns; of BED a comment."""
    return ("#" if kind == "bed" else "") + "\t".join(column_names(head, kind))


def line_of(answer: Answer, head: HeadConfig, kind: LineKind) -> str:
    """What a row becomes."""
    numbers = [MISSING] * len(head.outputs) if answer.values is None else list(map(format_number, answer.values))
    first = _place_of(answer, head) if kind == "bed" else [answer.row.id.translate(_NOT_IN_CELLS)]
    return "\t".join([*first, *numbers, answer.status])


def _place_of(answer: Answer, head: HeadConfig) -> Sequence[str]:
    """Six columns of BED; the score is 1000 times the largest probability, 0 of values."""
    place = answer.row.place
    assert place is not None
    is_probability = answer.values is not None and head.kind in ("classes", "labels")
    score = round(_MOST_SCORE * float(np.max(answer.values))) if is_probability and answer.values is not None else 0
    name = answer.row.id.translate(_NOT_IN_CELLS)
    return [place.chrom, str(place.start), str(place.end), name, str(score), str(place.strand)]
