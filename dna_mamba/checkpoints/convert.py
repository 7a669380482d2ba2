"""Models from one format into another; each way is the exact inverse of the other."""

from pathlib import Path
from typing import Literal

from dna_mamba.checkpoints.loading import format_of, load_model, locate
from dna_mamba.checkpoints.manifest import write_manifest
from dna_mamba.checkpoints.native import write_model
from dna_mamba.checkpoints.published import CONFIG, write_published
from dna_mamba.errors import InputError
from dna_mamba.io.atomic import atomic_directory

ORIGINAL = "original_config.json"
"""Beside a model of ours that came from a published one: its ``config.json`` as it was."""


def convert(source: str | Path, target: str | Path, to: Literal["native", "caduceus"], *, force: bool = False) -> None:
    """Write the model ``source`` (as for ``load_model``) to the directory ``target``, whole or not at all.

    Raises:
        InputError: the model cannot be read, has that format already or no place in it, or ``target`` exists.
        MachineError: the disk is full.
    """
    directory = locate(source)
    found = format_of(directory)
    if found == to:
        raise InputError(f"is in the {to} format already", place=source, remedy="copy it")
    model = load_model(directory)
    with atomic_directory(target, force=force) as place:
        if to == "native":
            write_model(model, place)
            if found == "caduceus":
                (place / ORIGINAL).write_bytes((directory / CONFIG).read_bytes())
            write_manifest(place)
        else:
            original = directory / ORIGINAL
            write_published(model, place, original if original.exists() else None)
