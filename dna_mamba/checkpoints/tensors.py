"""Tensors on disk: safetensors, and pickles of nothing but tensors, into modules by name."""

import pickle
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from dna_mamba.errors import InputError


def read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors of a safetensors file by name. Raises InputError for a damaged file."""
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"cannot be read as safetensors ({error})", place=path, remedy="fetch it again") from None


def read_pickled(path: Path) -> dict[str, Tensor]:
    """Tensors of a ``.bin`` file by name; a pickle that holds anything else is refused, nothing of it is run."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        remedy = "take the safetensors file, or another copy"
        raise InputError("holds more than tensors, or is damaged: not opened", place=path, remedy=remedy) from None
    except (OSError, EOFError, RuntimeError, ValueError, KeyError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"cannot be read ({first})", place=path, remedy="fetch it again") from None
    if not isinstance(content, dict) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in content.items()
    ):
        raise InputError("is no table of tensors", place=path, remedy="fetch it again")
    return content


def load_weights(model: torch.nn.Module, tensors: dict[str, Tensor], place: str | Path) -> None:
    """Copy tensors into a model by name. Raises InputError for a missing, surplus or wrongly shaped one."""
    expected = model.state_dict()
    for kind, names in (("missing", expected.keys() - tensors.keys()), ("surplus", tensors.keys() - expected.keys())):
        if names:
            remedy = "config and weights must belong together"
            raise InputError(f"{kind} tensor {min(names)!r}", place=place, remedy=remedy)
    for name, tensor in tensors.items():
        if tensor.shape != expected[name].shape:
            found, wanted = tuple(tensor.shape), tuple(expected[name].shape)
            raise InputError(f"tensor {name!r} has shape {found}, the config says {wanted}", place=place)
    model.load_state_dict(tensors)
