"""Benchmarks by name: tasks with their metrics, where the data are, and what was published, each with its source."""

from importlib import resources
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from dna_mamba.errors import InputError

_FILES = resources.files("dna_mamba.evaluation.protocols") / "published"


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PublishedValue(_Closed):
    """A number as printed, and how far it spreads as its row says."""

    value: float
    spread: float | None = None


class PublishedRow(_Closed):
    """What one model reached, by task, and where that is printed."""

    model: str
    how: str
    source: str
    values: dict[str, PublishedValue]


class PublishedBenchmark(_Closed):
    """A benchmark.

    Attributes:
        title: its full name.
        reference: the paper that made it.
        data: where its files are distributed.
        licence: of the data.
        split: which rows are trained on and tested.
        tasks: the metric of each task.
        published: what others reached.
    """

    title: str
    reference: str
    data: str
    licence: str
    split: str
    tasks: dict[str, Literal["accuracy", "mcc", "f1"]]
    published: tuple[PublishedRow, ...] = ()


def protocol_names() -> list[str]:
    """All names, sorted."""
    return sorted(file.name.removesuffix(".yaml") for file in _FILES.iterdir() if file.name.endswith(".yaml"))


def protocol_of(name: str) -> PublishedBenchmark:
    """The benchmark of a name. Raises InputError for a name that there is not; names those there are."""
    if name not in protocol_names():
        raise InputError(f"no benchmark {name!r}", remedy=f"choose among {', '.join(protocol_names())}")
    return PublishedBenchmark.model_validate(yaml.safe_load((_FILES / f"{name}.yaml").read_text(encoding="utf-8")))
