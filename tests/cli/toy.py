"""A command line of its own, on the machinery of ``dna-mamba``, whose commands fail in every way."""

import subprocess
import sys
import textwrap
from pathlib import Path

SCRIPT = """
from dna_mamba.cli.lazy import LazyGroup
names = {name: f"The {name} command." for name in ("boom", "chatty", "echo", "sleepy", "typo")}
LazyGroup(name="toy", package="toy_commands", commands=names).main(prog_name="toy")
"""
COMMANDS = {
    "boom": """
        import errno
        import click
        from dna_mamba.errors import InputError, MachineError, NonFiniteLossError, PreemptedError

        @click.command()
        @click.argument("expression")
        @click.option("--count", type=int)
        def command(expression, count):
            raise eval(expression)
        """,
    "chatty": """
        import click

        @click.command()
        @click.argument("lines", type=int)
        def command(lines):
            for number in range(lines):
                print("line", number)
        """,
    "echo": """
        import click
        from dna_mamba.cli.console import log

        @click.command()
        @click.argument("word")
        def command(word):
            print(word)
            log(word)
        """,
    "sleepy": """
        import pathlib, sys, time
        import click

        @click.command()
        @click.argument("half_written", type=pathlib.Path)
        def command(half_written):
            half_written.touch()
            try:
                print("asleep", file=sys.stderr, flush=True)
                time.sleep(60)
            finally:
                half_written.unlink()
        """,
    "typo": "import a_module_that_does_not_exist",
}


def write_toy(directory: Path) -> list[str]:
    """Write the command line to a directory; return the words that start it."""
    package = directory / "toy_commands"
    package.mkdir()
    for name, source in COMMANDS.items():
        (package / f"{name}.py").write_text(textwrap.dedent(source))
    script = directory / "toy.py"
    script.write_text(SCRIPT)
    return [sys.executable, str(script)]


def run(command: list[str], **options: object) -> "subprocess.CompletedProcess[str]":
    """Run to the end, with what it wrote."""
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)  # type: ignore[call-overload, no-any-return]
