"""What ``dna-mamba pretrain --dry-run`` prints: the size of a run, whether it fits, how long it takes."""

import json
from typing import TYPE_CHECKING, Any

import click

from dna_mamba.cli.console import format_duration, log
from dna_mamba.errors import MachineError

if TYPE_CHECKING:
    from dna_mamba.training.pretrain.estimate import TrainingEstimate
    from dna_mamba.training.pretrain.job import PretrainJob
    from dna_mamba.training.pretrain.memory import MemoryNeed
    from dna_mamba.training.pretrain.size import RunSize

_MIB = 2**20


def print_plan(job: "PretrainJob", *, as_json: bool) -> None:
    """A table for programs to stdout, or one JSON object, and sentences for people to stderr.

    Raises:
        MachineError: a step does not fit in memory; all but the times has been printed.
    """
    from dna_mamba.models.memory import gibibytes

    size = job.size()
    memory, facts = size.memory, _size_facts(size)
    _say_size(size)
    if memory.remedy:
        facts["remedy"] = memory.remedy
    else:
        measured = job.estimate()
        facts |= _time_facts(measured)
        _say_times(measured, size.steps)
    click.echo(json.dumps(facts, indent=1) if as_json else "\n".join(f"{name}\t{x}" for name, x in facts.items()))
    if memory.remedy:
        raise MachineError(
            f"a step needs about {gibibytes(memory.total)} of memory and {gibibytes(memory.free or 0)} are free",
            remedy=memory.remedy,
        )


def _size_facts(size: "RunSize") -> dict[str, Any]:
    memory = size.memory
    return {
        "parameters": size.parameters,
        "frozen_parameters": size.frozen_parameters,
        "training_bp": size.training_bp,
        "steps": size.steps,
        "bp_per_step": size.bp_per_step,
        "tokens": size.tokens,
        "epochs": float(f"{size.epochs:.4g}"),
        **{f"{part}_mib": _mib(count) for part, count in memory.step._asdict().items()},
        "memory_mib": _mib(memory.step.total),
        "processes_sharing_memory": memory.processes,
        "free_mib": None if memory.free is None else _mib(memory.free),
        "fits": not memory.remedy,
        "model_mib": _mib(size.model_bytes),
        "checkpoint_mib": _mib(size.checkpoint_bytes),
        "disk_mib": _mib(size.disk_bytes),
        "free_disk_mib": _mib(size.free_disk_bytes),
    }


def _time_facts(measured: "TrainingEstimate") -> dict[str, Any]:
    return {
        "seconds_per_step": float(f"{measured.seconds_per_step:.3g}"),
        "training_seconds": float(f"{measured.training_seconds:.4g}"),
        "baseline_seconds": float(f"{measured.baseline_seconds:.4g}"),
        "evaluation_seconds": float(f"{measured.evaluation_seconds:.4g}"),
        "seconds": float(f"{measured.seconds:.4g}"),
        "peak_memory_mib": _mib(measured.peak_memory_bytes),
    }


def _mib(count: int) -> float:
    return round(count / _MIB, 1)


def _say_size(size: "RunSize") -> None:
    frozen = f", {size.frozen_parameters:,} of them frozen" if size.frozen_parameters else ""
    log(f"{size.parameters:,} parameters{frozen}; {size.training_bp:,} bp to train on")
    log(
        f"{size.steps:,} steps of {size.bp_per_step:,} bp: {size.tokens:,} tokens, "
        f"the training sequence {size.epochs:.3g} times over"
    )
    _say_memory(size.memory)
    log(
        f"disk: {size.disk_bytes / _MIB:,.0f} MiB at most, in checkpoints of {size.checkpoint_bytes / _MIB:,.0f} MiB; "
        f"{size.free_disk_bytes / _MIB:,.0f} MiB are free"
    )
    if size.disk_bytes > size.free_disk_bytes:
        log("the disk is too full: free some of it, write elsewhere, or lower schedule.keep_checkpoints")


def _say_memory(memory: "MemoryNeed") -> None:
    parts = ", ".join(f"{name} {count / _MIB:,.0f}" for name, count in memory.step._asdict().items())
    free = "" if memory.free is None else f"; {memory.free / _MIB:,.0f} MiB are free"
    shared = f" for {memory.processes} processes" if memory.processes > 1 else ""
    log(f"memory of a process: {memory.step.total / _MIB:,.0f} MiB ({parts}){free}{shared}")


def _say_times(measured: "TrainingEstimate", steps: int) -> None:
    log(
        f"{steps:,} steps will take about {format_duration(measured.training_seconds)}, "
        f"Markov baselines {format_duration(measured.baseline_seconds)}, "
        f"evaluation {format_duration(measured.evaluation_seconds)}"
    )
