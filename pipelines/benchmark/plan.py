"""What is compared on which sets: the YAML file of a benchmark."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from dna_mamba.errors import InputError
from dna_mamba.metrics import METRICS
from dna_mamba.training.recipe_yaml import read_yaml

RunName = Literal["probe", "tuned"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bins(_Section):
    """A value from counts of reads in bins in order, such as a sort by brightness: the mean number of the bin."""

    columns: tuple[str, ...]


class TaskSet(_Section):
    """Labelled sequences as they are distributed.

    Either ``table`` with the columns ``sequence`` and ``label`` (or ``bins``), or ``classes``: FASTA files of each.
    ``max_rows`` takes so many by chance, the same each time. ``recipe`` changes what is said of all sets.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str
    source: str
    metric: str
    table: str | None = None
    classes: dict[str, tuple[str, ...]] = {}
    sequence: str = "sequence"
    label: str = "label"
    bins: Bins | None = None
    max_rows: int | None = Field(default=None, gt=0)
    recipe: dict[str, Any] = {}

    @field_validator("metric")
    @classmethod
    def _known(cls, value: str) -> str:
        known = sorted({name for names in METRICS.values() for name in names})
        if value not in known:
            raise ValueError(f"no metric {value!r}; there is {', '.join(known)}")
        return value

    @model_validator(mode="after")
    def _one_source(self) -> "TaskSet":
        if (self.table is None) == (not self.classes):
            raise ValueError("give either table or classes")
        return self


class Limit(_Section):
    """At most so many rows of a set, and at most so many base pairs on average; rows are taken by chance."""

    max_rows: int | None = Field(default=None, gt=0)
    max_bp: int | None = Field(default=None, gt=0)

    def rows_of(self, n_rows: int, n_bases: int) -> int:
        """How many of ``n_rows`` rows with ``n_bases`` base pairs are taken."""
        by_bases = n_rows if self.max_bp is None else max(1, int(n_rows * self.max_bp / max(n_bases, 1)))
        return min(n_rows, by_bases, self.max_rows or n_rows)


class Plan(_Section):
    """All sets, and what is run on each.

    Attributes:
        model: whose vectors are probed, and that is fine-tuned.
        recipe: of ``dna-mamba finetune``, what holds for all runs.
        runs: what is said of each besides; in the order in which they are run.
        limits: of rows, a run.
        notes: what the table says of both, a sentence each.
        sets: the rows.
    """

    model: str
    recipe: dict[str, Any] = {}
    runs: dict[RunName, dict[str, Any]]
    limits: dict[RunName, Limit] = {}
    notes: tuple[str, ...] = ()
    sets: tuple[TaskSet, ...]

    @model_validator(mode="after")
    def _names_differ(self) -> "Plan":
        names = [task_set.name for task_set in self.sets]
        if len(set(names)) < len(names):
            raise ValueError("two sets have one name")
        return self

    def recipe_for(self, task_set: TaskSet, run: RunName, table: Path) -> dict[str, Any]:
        """The recipe of one run on the rows in ``table``: what holds for all, then for the set, then for the run."""
        content = {"model": self.model, "data": {"files": [str(table)]}}
        for more in (self.recipe, task_set.recipe, self.runs[run]):
            content = merged(content, more)
        return content


def merged(content: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping with what another says of it, section by section."""
    out = dict(content)
    for key, value in more.items():
        old = out.get(key)
        out[key] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return out


def read_plan(path: str | Path) -> Plan:
    """The benchmark in a YAML file.

    Raises:
        InputError: it cannot be read, or a key is unknown, missing or wrong; names it.
    """
    try:
        return Plan.model_validate(read_yaml(path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        what = f"{where}: {first['msg'].removeprefix('Value error, ')}"
        raise InputError(what, place=path, remedy="correct it") from None
