"""How tensors are handed to kernels."""

from torch import Tensor


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
