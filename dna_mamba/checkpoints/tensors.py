"""Tensors on disk: safetensors, and pickles of nothing but tensors, into modules by name."""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from dna_mamba.errors import InputError
from dna_mamba.models import HeadConfig, LoadedModel, ModelConfig, build_model

_TOGETHER = "config and weights must belong together"


def read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors of a safetensors file by name. Raises InputError for a damaged file."""
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError, KeyError, AttributeError) as error:  # the last for odd dtypes
        raise InputError(f"cannot be read as safetensors ({error})", place=path, remedy="fetch it again") from None


def read_pickled(path: Path) -> dict[str, Tensor]:
    """Tensors of a ``.bin`` file by name; a pickle that holds anything else is refused, nothing of it is run."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception:  # whatever a damaged pickle makes of its reader
        remedy = "take the safetensors file, or another copy"
        raise InputError("holds more than tensors, or is damaged: not opened", place=path, remedy=remedy) from None
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
        raise InputError("is not a table of tensors", place=path, remedy="fetch it again")
    for name, value in content.items():
        if not _is_plain(value):
            raise InputError(f"{name!r} is not a plain tensor", place=path, remedy="fetch it again")
    return content


def _is_plain(value: object) -> bool:
    """Whether all of a tensor is in the file, none of it repeated."""
    if not isinstance(value, Tensor) or value.layout != torch.strided or value.device.type != "cpu":
        return False
    return value.numel() * value.element_size() <= value.untyped_storage().nbytes()


def skeleton(config: ModelConfig, head: HeadConfig | None = None) -> LoadedModel:
    """The model of a configuration without memory for its weights."""
    with torch.device("meta"):
        return build_model(config, head)


def assemble(
    config: ModelConfig, tensors: dict[str, Tensor], place: str | Path, head: HeadConfig | None = None
) -> LoadedModel:
    """The model of a configuration with these weights; nothing is allocated before names and shapes are right.

    Raises:
        InputError: a missing, surplus or wrongly shaped tensor, or one that is not of a floating dtype.
    """
    model = skeleton(config, head)
    expected = model.state_dict()
    check_all(tensors, expected, place)
    # Copies: what was read may be a view of the file.
    weights = {name: torch.empty_like(x, device="cpu").copy_(tensors[name]) for name, x in expected.items()}
    model.load_state_dict(weights, assign=True)
    return model


def load_weights(model: torch.nn.Module, tensors: dict[str, Tensor], place: str | Path) -> None:
    """Copy tensors into a model that there is already. Raises InputError as ``assemble`` does."""
    check_all(tensors, model.state_dict(), place)
    model.load_state_dict(tensors)


def check_all(tensors: dict[str, Tensor], expected: dict[str, Tensor], place: str | Path) -> None:
    """Raises InputError unless the tensors have the expected names and shapes and hold floating-point numbers."""
    for kind, names in (("missing", expected.keys() - tensors.keys()), ("surplus", tensors.keys() - expected.keys())):
        if names:
            raise InputError(f"{kind} tensor {min(names)!r}", place=place, remedy=_TOGETHER)
    for name, tensor in tensors.items():
        check_shape(name, tensor, expected[name], place)


def check_shape(name: str, tensor: Tensor, expected: Tensor, place: str | Path) -> None:
    """Raises InputError unless a tensor has the expected one's shape and holds floating-point numbers."""
    if tensor.shape != expected.shape:
        found, wanted = tuple(tensor.shape), tuple(expected.shape)
        raise InputError(f"tensor {name!r} has shape {found}, the config says {wanted}", place=place, remedy=_TOGETHER)
    if not tensor.is_floating_point():
        raise InputError(f"tensor {name!r} is of dtype {tensor.dtype}", place=place, remedy="fetch it again")
