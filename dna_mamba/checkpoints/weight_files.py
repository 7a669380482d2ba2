"""The files that hold a model's weights, as Transformers lays them out: one file, or several with an index.

An index (``model.safetensors.index.json``, ``pytorch_model.bin.index.json``) says under ``weight_map`` which file holds
which tensor. What it says must be so: every file is there and holds the tensors it is said to hold, and no others.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from dna_mamba.checkpoints.manifest import file_sha256, read_json
from dna_mamba.checkpoints.tensors import read_pickled, read_weights
from dna_mamba.errors import InputError

SAFETENSORS, PICKLED = "model.safetensors", "pytorch_model.bin"
_INDEX = ".index.json"
_KINDS = {SAFETENSORS: ("model", ".safetensors"), PICKLED: ("pytorch_model", ".bin")}
"""How the names of several files begin and end."""
PATTERNS = [
    pattern for name, (stem, suffix) in _KINDS.items() for pattern in (name, name + _INDEX, f"{stem}-*{suffix}")
]
"""Glob patterns of all these files, for whoever copies a model."""
_PLAIN_NAME = re.compile(r"[\w-][\w.-]{0,200}", re.ASCII)
_TOGETHER = "index and files must belong together: fetch them again"


class WeightFiles(NamedTuple):
    """Where a model's tensors are.

    ``place`` is what errors name: the one file, or the index of several. ``files`` has the files in the order of their
    names, each with the names of the tensors the index gives it; None for one file, which needs no index.
    """

    place: Path
    files: dict[Path, set[str] | None]


def find_weights(directory: Path) -> WeightFiles:
    """The files with the weights: safetensors before pickles, one file before several.

    Raises:
        InputError: there are none, or an index that is malformed, names a file outside the directory or one that is
            missing, or leaves one out.
    """
    for name in _KINDS:
        if (directory / name).is_file():
            return WeightFiles(directory / name, {directory / name: None})
        if (directory / (name + _INDEX)).is_file():
            return _indexed(directory, name)
    raise InputError(f"has neither {SAFETENSORS} nor {PICKLED}", place=directory, remedy="fetch it again")


def read_tensors(weights: WeightFiles) -> dict[str, Tensor]:
    """Every tensor by name.

    Raises:
        InputError: a file is damaged, or does not hold the tensors that the index says; the first one is named.
    """
    tensors: dict[str, Tensor] = {}
    for path, names in weights.files.items():
        found = (read_weights if path.suffix == ".safetensors" else read_pickled)(path)
        if names is not None:
            _check_names(path, found, names, weights)
        tensors |= found
    return tensors


def sha256_of(weights: WeightFiles) -> str:
    """Hex SHA-256 of the weights: of the file; of several, of what ``sha256sum`` prints for them in order of name.

    That is, of one line a file, its sum, two spaces and its name. The index is not part of it: it cannot change which
    tensors are read.
    """
    if len(weights.files) == 1:
        return file_sha256(*weights.files)
    lines = "".join(f"{file_sha256(path)}  {path.name}\n" for path in weights.files)
    return hashlib.sha256(lines.encode()).hexdigest()


def _indexed(directory: Path, name: str) -> WeightFiles:
    place = directory / (name + _INDEX)
    stem, suffix = _KINDS[name]
    weight_map = read_json(place).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise InputError("weight_map: not a table of tensors and files", place=place, remedy=_TOGETHER)
    tensors: dict[str, set[str]] = defaultdict(set)
    for tensor, file in weight_map.items():
        if not isinstance(file, str) or not _PLAIN_NAME.fullmatch(file) or not file.endswith(suffix):
            what = f"weight_map: {file!r} for tensor {tensor!r} is not the name of a {suffix} file beside the index"
            raise InputError(what, place=place, remedy=_TOGETHER)
        tensors[file].add(tensor)
    there = {path.name for path in directory.glob(f"{stem}-*-of-*{suffix}")}
    for file in sorted(tensors):
        if not (directory / file).is_file():
            raise InputError(f"missing file {file!r}", place=place, remedy=_TOGETHER)
    if surplus := sorted(there - tensors.keys()):
        raise InputError(f"surplus file {surplus[0]!r}", place=place, remedy=_TOGETHER)
    return WeightFiles(place, {directory / file: tensors[file] for file in sorted(tensors)})


def _check_names(path: Path, found: Iterable[str], expected: set[str], weights: WeightFiles) -> None:
    """Raises InputError unless a file holds the tensors that the index gives it."""
    names = set(found)
    if missing := expected - names:
        raise InputError(f"missing tensor {min(missing)!r}", place=path, remedy=_TOGETHER)
    if surplus := names - expected:
        first = min(surplus)
        others = [other.name for other, theirs in weights.files.items() if theirs and first in theirs]
        given = f"holds tensor {first!r}, which the index gives to {others[0]!r}" if others else None
        raise InputError(given or f"surplus tensor {first!r}", place=path, remedy=_TOGETHER)
