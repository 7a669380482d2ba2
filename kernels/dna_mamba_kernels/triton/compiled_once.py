# mypy: disable-error-code="no-untyped-call"
"""``triton.jit`` without a compilation for every shape."""

import inspect
from collections.abc import Callable
from typing import Any

import triton
import triton.language as tl

STRIDES = ("_batch", "_row")
"""How the names of strides end."""


NUMBERS = (
    "batch",
    "length",
    "channels",
    "chunks",
    "chunk_steps",
    "context_steps",
    "d_state",
    "first_chunk",
    "padded_pairs",
    "tiles",
)
"""Names of sizes: all but ``length`` fit 32 bits, and kernels multiply them in 64."""


def compiled_once(*, aligned: bool = False) -> Callable[[Callable[..., None]], Any]:
    """A kernel that is compiled once for its constants and dtypes, whatever the shapes, strides and addresses.

    Triton by itself compiles anew where a size or a stride is 1 or becomes divisible by 16, where an address does, and
    where a number first needs 64 bits: seconds each, again and again in a job whose last batches have lengths of their
    own. Here nothing is known of a number but its width: 64 bits for ``length`` and strides, 32 bits for other sizes.

    Args:
        aligned: let addresses be told apart by whether they are multiples of 16 bytes, for a kernel whose launcher sees
            to it that they all are unless a row is not.
    """

    def compiled(function: Callable[..., None]) -> Any:
        parameters = inspect.signature(function).parameters.values()
        unknown = [p.name for p in parameters if p.annotation is not tl.constexpr]
        wide = {name: tl.int64 for name in unknown if name == "length" or name.endswith(STRIDES)}
        narrow = {name: tl.int32 for name in unknown if name in NUMBERS and name not in wide}
        function.__annotations__.update(wide | narrow)
        numbers = [*wide, *narrow]
        return triton.jit(do_not_specialize=numbers if aligned else unknown)(function)

    return compiled
