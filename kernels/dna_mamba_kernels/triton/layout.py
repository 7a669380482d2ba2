"""How tensors are handed to kernels."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import torch
from torch import Tensor

_Arguments = TypeVar("_Arguments", bound=tuple[Any, ...])
_Others = ParamSpec("_Others")
_Result = TypeVar("_Result")


def on_its_device(
    run: Callable[Concatenate[_Arguments, _Others], _Result],
) -> Callable[Concatenate[_Arguments, _Others], _Result]:
    """Run with the first argument's first tensor's device as the current one, to which triton launches."""

    @wraps(run)
    def guarded(arguments: _Arguments, /, *args: _Others.args, **kwargs: _Others.kwargs) -> _Result:
        with torch.cuda.device_of(arguments[0]):
            return run(arguments, *args, **kwargs)

    return guarded


def rows(x_BLD: Tensor | None, reverse: bool) -> tuple[Tensor | None, int, int]:
    """Where a scan's first position lies, and the strides to the next sequence and to the scan's next step."""
    if x_BLD is None:
        return None, 0, 0
    if x_BLD.stride(2) != 1 and x_BLD.shape[2] > 1:
        x_BLD = x_BLD.contiguous()
    stride_B, stride_L, _ = x_BLD.stride()
    return (x_BLD[:, -1:], stride_B, -stride_L) if reverse else (x_BLD, stride_B, stride_L)


def dense(x_D: Tensor | None) -> Tensor | None:
    """Contiguous float32."""
    return None if x_D is None else x_D.float().contiguous()


def power_of_two(n: int) -> int:
    """The smallest power of two that is at least ``n``."""
    return 1 << max(0, n - 1).bit_length()
