"""Header lines that say which program, command and files made an output."""

import shlex
import sys
from collections.abc import Mapping


def run_lines(task: str, version: str, command: str, fingerprints: Mapping[str, str]) -> list[str]:
    """``##dna-mamba_TASKVersion`` and ``##dna-mamba_TASKCommand``, the latter with what names its inputs for good."""
    details = "; ".join([" ".join(command.split()), *(f"{name}={value}" for name, value in fingerprints.items())])
    return [f"##dna-mamba_{task}Version={version}", f"##dna-mamba_{task}Command={details}"]


def command_line() -> str:
    """The command as it was given, without ``--resume``: a run that was resumed is the same run."""
    return shlex.join(["dna-mamba", *(word for word in sys.argv[1:] if word != "--resume")])
