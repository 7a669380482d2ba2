"""Models that come with the package, by name."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from dna_mamba.errors import InputError

_MODELS = Path(__file__).parent.parent / "assets" / "models"


@dataclass(frozen=True)
class PackagedModel:
    """A model directory inside the package; nothing of it is read before it is asked for."""

    name: str
    path: Path

    @cached_property
    def card(self) -> str:
        """The model card, Markdown."""
        return (self.path / "CARD.md").read_text(encoding="utf-8")

    @cached_property
    def config(self) -> dict[str, Any]:
        """The model's configuration as plain JSON."""
        content: dict[str, Any] = json.loads((self.path / "config.json").read_text(encoding="utf-8"))["model"]
        return content

    @cached_property
    def sha256(self) -> str:
        """Hex SHA-256 of the weights, as the manifest states it."""
        manifest = json.loads((self.path / "manifest.json").read_text(encoding="utf-8"))
        digest: str = manifest["files"]["model.safetensors"]["sha256"]
        return digest

    @cached_property
    def n_parameters(self) -> int:
        """Numbers in the weight file, from its header alone."""
        from safetensors import safe_open

        with safe_open(self.path / "model.safetensors", framework="numpy") as tensors:
            return sum(_count(tensors.get_slice(key).get_shape()) for key in tensors.keys())  # noqa: SIM118


def _count(shape: list[int]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


def packaged_models() -> dict[str, PackagedModel]:
    """Every packaged model by name."""
    directories = sorted(p.parent for p in _MODELS.glob("*/config.json"))
    return {d.name: PackagedModel(d.name, d) for d in directories}


def resolve(path_or_name: str | Path) -> Path:
    """The directory of a model given by path or packaged name; an existing directory comes first.

    Raises:
        InputError: neither a directory nor a packaged name.
    """
    directory = Path(path_or_name)
    if directory.is_dir():
        return directory
    packaged = packaged_models()
    if str(path_or_name) in packaged:
        return packaged[str(path_or_name)].path
    names = ", ".join(packaged) or "none"
    raise InputError("no such model", place=path_or_name, remedy=f"give a model directory or a packaged name ({names})")
