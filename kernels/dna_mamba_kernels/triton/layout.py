"""How tensors are handed to kernels."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

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


class Rows(NamedTuple):
    """A tensor (batch, length, channels) as a kernel takes it, in the order of the scan."""

    first: Tensor | None
    """Where the scan's first position lies."""
    batch: int
    """The stride to the next sequence."""
    row: int
    """The stride to the scan's next step."""

    def counted(self, unit: int) -> "Rows":
        """Strides in units of so many elements."""
        return Rows(self.first, self.batch // unit, self.row // unit)


def rows(x_BLD: Tensor | None, reverse: bool) -> Rows:
    """Without a copy, unless channels are apart."""
    if x_BLD is None:
        return Rows(None, 0, 0)
    if x_BLD.stride(2) != 1 and x_BLD.shape[2] > 1:
        x_BLD = x_BLD.contiguous()
    stride_B, stride_L, _ = x_BLD.stride()
    return Rows(x_BLD[:, -1:], stride_B, -stride_L) if reverse else Rows(x_BLD, stride_B, stride_L)


UNIT = 8
"""Elements of a unit, 16 bytes of the narrowest dtype."""


def common_unit(channels: int, *tensors: Rows) -> int:
    """What every stride is a multiple of: ``UNIT`` where all rows begin at a multiple of 16 bytes, else 1."""
    whole = channels % UNIT == 0
    for x in tensors:
        whole = whole and x.batch % UNIT == x.row % UNIT == 0 and (x.first is None or x.first.data_ptr() % 16 == 0)
    return UNIT if whole else 1


def dense(x_D: Tensor | None) -> Tensor | None:
    """Contiguous float32."""
    return None if x_D is None else x_D.float().contiguous()


def power_of_two(n: int) -> int:
    """The smallest power of two that is at least ``n``."""
    return 1 << max(0, n - 1).bit_length()
