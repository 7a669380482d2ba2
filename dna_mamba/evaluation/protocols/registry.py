"""Benchmarks by name: tasks with their metrics, where the data are, and what was published, each with its source."""

from collections.abc import Iterator
from importlib import resources
from typing import Literal, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from dna_mamba.errors import InputError

_FILES = resources.files("dna_mamba.evaluation.protocols") / "published"
_GENEB = "geneb"
ProtocolMetric = Literal["accuracy", "mcc", "f1", "auroc", "auprc", "auprc-by-chrom", "spearman"]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PublishedTask(_Closed):
    """One task.

    Attributes:
        metric: by which it is judged.
        rows: sequences with their letters; or intervals or variants of a genome, which is then needed.
        file: of intervals or variants, from the folder of the copy.
        columns: of intervals, names that differ from chrom, start, end, strand, label and split.
        window_bp: letters around a variant.
        by_chrom: each chromosome in turn is tested.
        not_judged: why this package does not judge it; empty for a task that it judges.
    """

    metric: ProtocolMetric
    rows: Literal["sequences", "intervals", "variants"] = "sequences"
    file: str = ""
    columns: dict[str, str] = {}
    window_bp: int = Field(default=512, gt=1)
    by_chrom: bool = False
    not_judged: str = ""


class PublishedFile(_Closed):
    """A file to download. ``{task}`` and ``{file}`` in ``path`` and ``url`` stand for those of each task.

    Attributes:
        path: in the folder of the copy.
        url: where it is distributed.
        sha256: of its content; None where it is not known: the first download is then believed and its hash kept.
    """

    path: str
    url: str
    sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")

    def of(self, task: str, file: str) -> "PublishedFile":
        """The file of one task."""
        path, url = (text.replace("{task}", task).replace("{file}", file) for text in (self.path, self.url))
        return PublishedFile(path=path, url=url, sha256=self.sha256)


class PublishedTable(_Closed):
    """What several models reached, a column each, and where that is printed.

    ``values`` has the numbers of each task in the order of ``models``, ``spreads`` how far they spread as ``how`` says,
    ``metric`` what they are where it is not the task's own.
    """

    models: tuple[str, ...]
    how: str
    source: str
    metric: ProtocolMetric | None = None
    values: dict[str, tuple[float, ...]]
    spreads: dict[str, tuple[float, ...]] = {}

    @model_validator(mode="after")
    def _a_number_a_model(self) -> "PublishedTable":
        for numbers in (*self.values.values(), *self.spreads.values()):
            if len(numbers) != len(self.models):
                raise ValueError(f"{len(numbers)} numbers for {len(self.models)} models")
        return self


class PublishedValue(NamedTuple):
    """What one model reached on one task, as printed.

    Attributes:
        model: its name.
        how: it was judged.
        metric: of the value.
        value: as printed.
        spread: what it is says ``how``; None where none is printed.
        source: where it is printed.
    """

    model: str
    how: str
    metric: ProtocolMetric
    value: float
    spread: float | None
    source: str


class PublishedBenchmark(_Closed):
    """A benchmark.

    Attributes:
        title: its full name.
        reference: the paper that made it.
        data: where its files are distributed.
        licence: of the data.
        split: which rows are trained on and tested.
        genome: that intervals and variants lie on.
        test_chroms: which intervals are tested, where no column says it.
        validation_chroms: which are neither tested nor trained on by a linear probe.
        files: what can be downloaded without a log-in; none where all of it needs a visit to ``data``.
        in_geneb: prefixes of tasks that GENEB has too, to those of its names.
        tasks: by name.
        published: what others reached.
    """

    title: str
    reference: str
    data: str
    licence: str
    split: str
    genome: str = ""
    test_chroms: tuple[str, ...] = ()
    validation_chroms: tuple[str, ...] = ()
    files: tuple[PublishedFile, ...] = ()
    in_geneb: dict[str, str] = {}
    tasks: dict[str, PublishedTask]
    published: tuple[PublishedTable, ...] = ()

    @field_validator("tasks", mode="before")
    @classmethod
    def _a_metric_alone(cls, tasks: dict[str, object]) -> dict[str, object]:
        return {name: {"metric": task} if isinstance(task, str) else task for name, task in tasks.items()}

    def files_of(self, tasks: tuple[str, ...]) -> list[PublishedFile]:
        """What these tasks need, of what can be downloaded."""
        judged = {name: task for name, task in self.tasks.items() if name in tasks and not task.not_judged}
        return [file.of(name, task.file) for name, task in judged.items() for file in self.files]

    def published_of(self, task: str) -> list[PublishedValue]:
        """What others reached on a task: its own tables, then GENEB's linear probes where GENEB has the task."""
        values = list(_values_of(self, task))
        for prefix, theirs in self.in_geneb.items():
            if task.startswith(prefix):
                values += _values_of(protocol_of(_GENEB), theirs + task.removeprefix(prefix))
        return values


def protocol_names() -> list[str]:
    """All names, sorted."""
    return sorted(file.name.removesuffix(".yaml") for file in _FILES.iterdir() if file.name.endswith(".yaml"))


def protocol_of(name: str) -> PublishedBenchmark:
    """The benchmark of a name. Raises InputError for a name that there is not; names those there are."""
    if name not in protocol_names():
        raise InputError(f"no benchmark {name!r}", remedy=f"choose among {', '.join(protocol_names())}")
    return PublishedBenchmark.model_validate(yaml.safe_load((_FILES / f"{name}.yaml").read_text(encoding="utf-8")))


def _values_of(protocol: PublishedBenchmark, task: str) -> Iterator[PublishedValue]:
    for table in protocol.published:
        if task in table.values:
            metric = table.metric or protocol.tasks[task].metric
            spreads = table.spreads.get(task, (None,) * len(table.models))
            for model, value, spread in zip(table.models, table.values[task], spreads, strict=True):
                yield PublishedValue(model, table.how, metric, value, spread, table.source)
