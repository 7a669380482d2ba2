"""A click group that imports a command's module when that command runs, and only then."""

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from dna_mamba.cli.exits import Session, debug_option, run_and_report


class LazyGroup(click.Group):
    """Command ``name`` is the object ``command`` of module ``package.name``.

    Args:
        package: where the modules are.
        commands: the line of help of each command, in the order shown, so that help needs none of the modules.
    """

    def __init__(self, *args: Any, package: str, commands: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(debug_option)
        self._package, self._short_help = package, dict(commands)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._short_help)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._short_help:
            return None
        command: click.Command = import_module(f"{self._package}.{cmd_name}").command
        if debug_option not in command.params:
            command.params.append(debug_option)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if not args[0].startswith("-") and args[0] not in self._short_help:
            raise click.NoSuchCommand(args[0], possibilities=self._short_help, ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self._short_help.items()))

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        """Run a command line and exit; every error becomes one line and a code, in ``exits``."""
        program = prog_name or self.name or "dna-mamba"
        if f"_{program}_COMPLETE".replace("-", "_").upper() in os.environ:
            sys.exit(super().main(args, program, **extra))
        arguments = sys.argv[1:] if args is None else list(args)
        session = Session()

        def run() -> None:
            with self.make_context(program, arguments, obj=session) as ctx:
                self.invoke(ctx)

        sys.exit(run_and_report(run, program, session))
