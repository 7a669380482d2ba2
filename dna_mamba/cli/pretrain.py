"""``dna-mamba pretrain``: a model of your own genome from one recipe."""

import json
import shlex
import sys
from pathlib import Path

import click

from dna_mamba.cli.console import log, progress
from dna_mamba.cli.options import device_option, force_option, setup_torch, threads_option
from dna_mamba.cli.pretraining_plan import print_plan
from dna_mamba.cli.processes import device_of, one_of_many, threads_of
from dna_mamba.errors import InputError


@click.command()
@click.argument("recipe", type=click.Path())
@click.option("-o", "--output", "run", required=True, metavar="RUN", type=click.Path(), help="Directory of the run.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key, as schedule.steps=100.")
@click.option("--init", metavar="MODEL", help="Continue this model: a name, a directory, hf:owner/name or another RUN.")
@click.option("--resume", is_flag=True, help="Resume from the newest checkpoint of RUN, or start if there is none.")
@click.option("--strict", is_flag=True, help="With --resume: stop at a damaged checkpoint, take no older one.")
@click.option("--dry-run", is_flag=True, help="Say what the run takes, its time by a short trial; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="With --dry-run: print one JSON object.")
@force_option
@device_option
@threads_option
def command(
    recipe: str,
    run: str,
    overrides: tuple[str, ...],
    init: str | None,
    resume: bool,
    strict: bool,
    dry_run: bool,
    as_json: bool,
    force: bool,
    device: str,
    threads: int,
) -> None:
    """Pretrain a masked language model on genomes, as RECIPE (YAML) says.

    RUN receives the resolved recipe, a JSONL log, checkpoints and, at the end, the model with its card and the
    training curve. SIGTERM and SIGUSR1 write a checkpoint and exit with code 75: the same command with --resume
    resumes the run, to the last bit.

    Several processes train one model: torchrun --nproc-per-node N -m dna_mamba pretrain RECIPE -o RUN.
    """
    from dna_mamba.training.distributed.world import connect, disconnect
    from dna_mamba.training.pretrain import PretrainJob, Watcher, read_recipe
    from dna_mamba.training.pretrain.directory import check_directory

    if as_json and not dry_run:
        raise InputError("--json is for --dry-run alone", remedy="add --dry-run; what a run does is in RUN/log.jsonl")
    with one_of_many() as launch:
        settings = read_recipe(recipe, overrides if init is None else (*overrides, f"init={json.dumps(init)}"))
        setup_torch(threads_of(launch, threads))
        where = device_of(launch, device)
        world = connect(launch, settings.distributed, where)
        with world.together():
            if world.is_main and not dry_run:
                check_directory(Path(run), resume=resume, force=force)  # before the genomes are read
        job = PretrainJob(settings, run, where, world=world)
        if dry_run:
            if world.is_main:
                print_plan(job, as_json=as_json)
        else:
            each = (settings.batch.bp_per_step, "bp")
            watcher = Watcher(log, lambda total: progress("trained", unit="steps", total=total, each=each))
            command_line = shlex.join(["dna-mamba", *sys.argv[1:]])
            job.run(watcher, resume=resume, strict=strict, force=force, command=command_line)
        disconnect()
