"""``dna-mamba data``: genomes made ready for training, one module a command."""

from dna_mamba.cli.lazy import LazyGroup

COMMANDS = {
    "pack": "Pack genomes into a store that training reads from disk.",
    "info": "Show what a store holds, and whether it is as it was written.",
    "leaks": "Find held-out sequence that stands in training too.",
}

command = LazyGroup(
    name="data",
    package="dna_mamba.cli.data",
    commands=COMMANDS,
    help="Make genomes ready for training.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
