"""``--resume``, and what a command says when it ends early and what is done stays."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from dna_mamba.cli.console import log
from dna_mamba.cli.exits import TerminatedError
from dna_mamba.errors import MachineError, PreemptedError

resume_option = click.option(
    "--resume", is_flag=True, help="Resume the same command where it was stopped, if it was; else start it."
)


@contextmanager
def telling_what_is_kept(target: str, *, resume: bool) -> Iterator[None]:
    """Where a run ends early and its progress stays, say so; a scheduler that ends a resumable run is told 75."""
    from dna_mamba.runs import kept_progress

    try:
        yield
    except (KeyboardInterrupt, MachineError) as error:
        kept = kept_progress(target)
        if kept and isinstance(error, TerminatedError) and resume:
            raise PreemptedError("stopped, what was done is kept", place=kept, remedy="run it again") from None
        if kept:
            log(f"what was done is kept in {kept}: the same command with --resume resumes it")
        raise
