"""Tasks of a benchmark from a copy of it, each read before the first is judged."""

from pathlib import Path

from dna_mamba.data.labelled.dataset import Labelled
from dna_mamba.errors import InputError
from dna_mamba.evaluation.protocols.copies import SplitTask, read_task
from dna_mamba.evaluation.protocols.genome_copies import read_interval_task, read_variant_task
from dna_mamba.evaluation.protocols.linear_probe import probe_task
from dna_mamba.evaluation.protocols.registry import PublishedBenchmark, PublishedTask
from dna_mamba.evaluation.protocols.scored import ProtocolScore
from dna_mamba.evaluation.protocols.variant_probe import judge_variants
from dna_mamba.models.model import StrandModel


def chosen_tasks(protocol: PublishedBenchmark, name: str, tasks: tuple[str, ...]) -> tuple[str, ...]:
    """These tasks, or all that are judged.

    Raises:
        InputError: the benchmark has no such task, or it is one that is not judged; says why.
    """
    for task in tasks:
        if task not in protocol.tasks:
            raise InputError(f"no task {task!r} in {name}", remedy=f"choose among {', '.join(protocol.tasks)}")
        if protocol.tasks[task].not_judged:
            raise InputError(f"{task} of {name} is not judged here: {protocol.tasks[task].not_judged}")
    return tasks or tuple(task for task, of in protocol.tasks.items() if not of.not_judged)


def read_protocol_task(
    protocol: PublishedBenchmark, name: str, folder: Path, genome: Path | None
) -> SplitTask | Labelled:
    """The rows of one task: sequences of two sides, or variants.

    Raises:
        InputError: the copy lacks them, they cannot be used, or there is no genome for places.
    """
    task = protocol.tasks[name]
    if task.rows == "sequences":
        return read_task(folder, name)
    if genome is None:
        raise InputError(f"{name}: no genome", remedy=f"give --genome: {protocol.genome}")
    if task.rows == "intervals":
        return read_interval_task(folder, task, protocol, genome)
    return read_variant_task(folder, task, genome)


def judge_task(rows: SplitTask | Labelled, task: PublishedTask, model: StrandModel) -> list[ProtocolScore]:
    """What a model reaches on a task, in each way that its rows allow."""
    return probe_task(rows, model) if isinstance(rows, SplitTask) else judge_variants(rows, task, model)
