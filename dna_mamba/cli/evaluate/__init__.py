"""``dna-mamba evaluate``: what a model knows, one module a question."""

from dna_mamba.cli.lazy import LazyGroup

COMMANDS = {
    "annotation": "Predicted genes beside known ones, level by level.",
    "consequences": "Tell nonsense and missense from synonymous substitutions.",
    "model": "What a model knows of a genome, in one table.",
    "protocol": "A published benchmark of labelled sequences.",
}

command = LazyGroup(
    name="evaluate",
    package="dna_mamba.cli.evaluate",
    commands=COMMANDS,
    help="Check what a model knows, beside what simpler predictors know.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
