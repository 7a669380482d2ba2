"""``dna-mamba evaluate protocol``: a published benchmark, ours beside what others reached."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dna_mamba.cli.console import log
from dna_mamba.cli.options import device_option, force_option, resolve_device, setup_torch, threads_option

if TYPE_CHECKING:
    from dna_mamba.evaluation.protocols.linear_probe import Shot
    from dna_mamba.evaluation.protocols.registry import PublishedBenchmark


@click.command()
@click.argument("name")
@click.option("-m", "--model", default="yeast-tiny", show_default=True, help="Model directory, or a packaged name.")
@click.option("--path", metavar="DIR", type=click.Path(), help="Your copy of the benchmark: TASK/train.csv, test.csv.")
@click.option("--task", "tasks", multiple=True, metavar="TASK", show_default="all", help="One task; may be repeated.")
@click.option("-o", "--output", metavar="OUT.json", type=click.Path(), help="Everything that is printed, and more.")
@device_option
@threads_option
@force_option
def command(
    name: str,
    model: str,
    path: str | None,
    tasks: tuple[str, ...],
    output: str | None,
    device: str,
    threads: int,
    force: bool,
) -> None:
    """A linear probe of MODEL on the published benchmark NAME, beside what others published.

    Rows are trained on and tested as the benchmark divides them. Ours is GENEB's protocol: mean pooling, logistic
    regression, five seeds, with all training rows and with 10 and 1 a class. Nothing is downloaded: get the data from
    where the benchmark distributes them, which `dna-mamba evaluate protocol NAME` without --path tells.
    """
    from dna_mamba.errors import InputError
    from dna_mamba.evaluation.protocols.registry import protocol_of
    from dna_mamba.io.atomic import check_target

    protocol = protocol_of(name)
    if path is None:
        remedy = f"get it from {protocol.data} and give its folder with --path"
        raise InputError(f"no copy of {protocol.title}", remedy=remedy)
    for task in tasks:
        if task not in protocol.tasks:
            raise InputError(f"no task {task!r} in {name}", remedy=f"choose among {', '.join(protocol.tasks)}")
    if output is not None:
        check_target(output, force=force)
    setup_torch(threads)
    ours = _judge(protocol, tasks or tuple(protocol.tasks), model, Path(path), resolve_device(device))
    if output is not None:
        _write(output, name, protocol, model, ours, force=force)


def _judge(
    protocol: "PublishedBenchmark", tasks: tuple[str, ...], model: str, folder: Path, device: Any
) -> "dict[str, list[Shot]]":
    from dna_mamba.evaluation.protocols.copies import read_task
    from dna_mamba.evaluation.protocols.linear_probe import open_encoder, probe_task

    rows = {task: read_task(folder, task) for task in tasks}  # mistakes before hours
    encoder = open_encoder(model, device)
    click.echo("task\tmetric\tmodel\thow\tvalue\tspread\tsource")
    ours = {}
    for task, split in rows.items():
        metric = protocol.tasks[task]
        log(f"{task}: {len(split.train):,} training and {len(split.test):,} test rows, {len(split.classes)} classes")
        ours[task] = probe_task(split, encoder)
        for shot in ours[task]:
            how = "linear probe" + ("" if shot.shots is None else f", {shot.shots} a class")
            numbers = f"{shot.mean[metric]:.3f}\t{shot.deviation[metric]:.3f}"
            click.echo(f"{task}\t{metric}\t{model}\t{how}\t{numbers}\tthis run (s.d. over 5 seeds)")
        for row in protocol.published:
            if task in row.values:
                value = row.values[task]
                spread = "-" if value.spread is None else f"{value.spread:.3f}"
                click.echo(f"{task}\t{metric}\t{row.model}\t{row.how}\t{value.value:.3f}\t{spread}\t{row.source}")
    return ours


def _write(
    output: str, name: str, protocol: "PublishedBenchmark", model: str, ours: "dict[str, list[Shot]]", *, force: bool
) -> None:
    from dna_mamba.checkpoints import weights_sha256
    from dna_mamba.io.atomic import atomic_output

    content = {
        "protocol": name,
        "model": model,
        "weights_sha256": weights_sha256(model),
        "ours": {task: [shot._asdict() for shot in shots] for task, shots in ours.items()},
        **protocol.model_dump(),
    }
    with atomic_output(output, force=force) as stream:
        stream.write((json.dumps(content, indent=1) + "\n").encode())
