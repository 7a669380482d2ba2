"""``dna-mamba evaluate protocol``: a published benchmark, ours beside what others reached."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dna_mamba.cli.console import log
from dna_mamba.cli.options import device_option, force_option, resolve_device, setup_torch, threads_option

if TYPE_CHECKING:
    from dna_mamba.evaluation.protocols.registry import PublishedBenchmark
    from dna_mamba.evaluation.protocols.scored import ProtocolScore


@click.command()
@click.argument("name")
@click.option("-m", "--model", default="yeast-tiny", show_default=True, help="Model directory, or a packaged name.")
@click.option("--path", "--data", metavar="DIR", type=click.Path(), help="Your copy of the benchmark.")
@click.option("--download", is_flag=True, help="Download what is missing, into --data or the user's cache.")
@click.option("-f", "--genome", metavar="FASTA", type=click.Path(), help="Of intervals and variants.")
@click.option("--task", "tasks", multiple=True, metavar="TASK", show_default="all", help="One task; may be repeated.")
@click.option("-o", "--output", metavar="OUT.json", type=click.Path(), help="Everything that is printed, and more.")
@device_option
@threads_option
@force_option
def command(
    name: str,
    model: str,
    path: str | None,
    download: bool,
    genome: str | None,
    tasks: tuple[str, ...],
    output: str | None,
    device: str,
    threads: int,
    force: bool,
) -> None:
    """What MODEL reaches on the published benchmark NAME, beside what others published.

    Rows are trained on and tested as the benchmark divides them. Sequences and intervals are judged by GENEB's linear
    probe: mean pooling, logistic regression, all training rows and 10 and 1 a class. Variants are judged by BEND's
    cosine distance, and by TraitGym's linear probe where each chromosome is tested in turn.

    Nothing is downloaded without --download. What was downloaded is kept with its SHA-256 and used from then on.
    """
    from dna_mamba.evaluation.protocols.judging import chosen_tasks
    from dna_mamba.evaluation.protocols.registry import protocol_of
    from dna_mamba.io.atomic import check_target

    protocol = protocol_of(name)
    chosen = chosen_tasks(protocol, name, tasks)
    if output is not None:
        check_target(output, force=force)
    folder = _folder(name, protocol, chosen, path, download=download)
    setup_torch(threads)
    ours = _judge(protocol, chosen, model, folder, None if genome is None else Path(genome), resolve_device(device))
    if output is not None:
        _write(output, name, protocol, model, ours, force=force)


def _folder(
    name: str, protocol: "PublishedBenchmark", tasks: tuple[str, ...], path: str | None, *, download: bool
) -> Path:
    """The copy: the user's, or what was downloaded."""
    from dna_mamba.errors import InputError
    from dna_mamba.evaluation.protocols.download import check_copy, protocol_cache
    from dna_mamba.evaluation.protocols.download import download as fetch

    folder = Path(path) if path is not None else protocol_cache(name)
    files = protocol.files_of(tasks)
    if download and not files:
        remedy = f"get it from {protocol.data} and give its folder with --data"
        raise InputError(f"{protocol.title} has no files that can be downloaded by name", remedy=remedy)
    if download:
        fetch(files, folder, log, page=protocol.data)
    elif path is None and not (files and all((folder / file.path).is_file() for file in files)):
        remedy = f"get it from {protocol.data} and give its folder with --data"
        raise InputError(f"no copy of {protocol.title}", remedy=remedy + (", or add --download" if files else ""))
    else:
        check_copy(files, folder)
    return folder


def _judge(
    protocol: "PublishedBenchmark", tasks: tuple[str, ...], model: str, folder: Path, genome: Path | None, device: Any
) -> "dict[str, list[ProtocolScore]]":
    from dna_mamba.evaluation.protocols.judging import judge_task, read_protocol_task
    from dna_mamba.evaluation.protocols.linear_probe import open_encoder

    rows = {task: read_protocol_task(protocol, task, folder, genome) for task in tasks}  # mistakes before hours
    encoder = open_encoder(model, device)
    click.echo("task\tmetric\tmodel\thow\tvalue\tspread\tsource")
    ours = {}
    for task, of_task in rows.items():
        metric = protocol.tasks[task].metric
        log(f"{task}: {_size(of_task)}")
        ours[task] = judge_task(of_task, protocol.tasks[task], encoder)
        published = protocol.published_of(task)
        shown = list(dict.fromkeys([metric, *(value.metric for value in published)]))
        for score in ours[task]:
            for name in shown:
                deviation = f"{score.deviation[name]:.3f}" if name in score.deviation else "-"
                source = "this run (s.d. over 5 seeds)" if score.deviation else "this run"
                click.echo(f"{task}\t{name}\t{model}\t{score.how}\t{score.mean[name]:.3f}\t{deviation}\t{source}")
        for value in published:
            spread = "-" if value.spread is None else f"{value.spread:.3f}"
            numbers = f"{value.value:.3f}\t{spread}"
            click.echo(f"{task}\t{value.metric}\t{value.model}\t{value.how}\t{numbers}\t{value.source}")
    return ours


def _size(rows: Any) -> str:
    """How much there is to judge, for people."""
    if hasattr(rows, "train"):
        return f"{len(rows.train):,} training and {len(rows.test):,} test rows, {len(rows.classes)} classes"
    return f"{len(rows):,} variants on {len(set(rows.chroms)):,} chromosomes"


def _write(
    output: str,
    name: str,
    protocol: "PublishedBenchmark",
    model: str,
    ours: "dict[str, list[ProtocolScore]]",
    *,
    force: bool,
) -> None:
    from dna_mamba.checkpoints import weights_sha256
    from dna_mamba.io.atomic import atomic_output

    content = {
        "protocol": name,
        "model": model,
        "weights_sha256": weights_sha256(model),
        "ours": {task: [score._asdict() for score in scores] for task, scores in ours.items()},
        **protocol.model_dump(exclude={"published"}),
        "published": {task: [value._asdict() for value in protocol.published_of(task)] for task in ours},
    }
    with atomic_output(output, force=force) as stream:
        stream.write((json.dumps(content, indent=1) + "\n").encode())
