"""The ``dna-mamba`` command: what there is, one line each. Adding a command is adding its module and its line here."""

import os
from typing import NoReturn

import click

from dna_mamba.cli.lazy import LazyGroup
from dna_mamba.version import __version__

PROGRAM = "dna-mamba"
COMMANDS = {
    "demo": "Score a small packaged VCF with the packaged model.",
    "score": "Score the variants of a VCF against a genome.",
    "predict": "Predict classes, values, tracks or genes with a fine-tuned head.",
    "merge": "Put the outputs of score or predict --shard together.",
    "ism": "Score every substitution at every position of a region.",
    "tracks": "Write one number a base along contigs, as bigWig or bedGraph.",
    "embed": "Turn sequences into vectors.",
    "explain": "Say what each base contributes to what a model says.",
    "evaluate": "Ask what a model knows; judge genes and published benchmarks.",
    "data": "Pack genomes into a store, and find what leaks from training.",
    "pretrain": "Train a masked language model on genomes.",
    "finetune": "Teach a model your labels, judged on folds beside baselines.",
    "plot": "Draw the training curves of runs beside one another.",
    "convert": "Bring published Caduceus weights into our format, or back.",
    "models": "List the packaged models, or print the card of one.",
    "doctor": "Show what runs here: devices, kernels, versions, speed.",
}
EPILOG = """\b
Exit codes: 0 ok, 1 a bug of ours, 2 arguments or input, 3 the machine
(disk, memory, device) or non-finite training, 75 preempted: run it again."""


@click.command(
    cls=LazyGroup,
    package="dna_mamba.cli",
    commands=COMMANDS,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name=PROGRAM, message="%(prog)s %(version)s")
def cli() -> None:
    """Genomics sequence modelling over FASTA and VCF files."""


def main() -> NoReturn:
    """Run the command line on ``sys.argv`` and exit with the code that ``dna_mamba.errors`` states."""
    share_cores()
    cli.main(prog_name=PROGRAM)


def share_cores() -> None:
    """Let OpenMP threads that wait go to sleep after microseconds instead of spinning for milliseconds.

    Where another process or a CPU quota takes a core, a spinning thread keeps the one it waits for from running: on
    two cores beside a busy process `demo` took 152 s, with this 38 s; alone it costs 1 %. GNU OpenMP, which torch
    brings on Linux, reads the variable as it loads. What the caller has set stays.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")
