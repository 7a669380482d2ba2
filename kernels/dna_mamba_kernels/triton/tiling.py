"""How a scan's work is cut among programs."""

from typing import NamedTuple

from dna_mamba_kernels.triton.layout import power_of_two


class Tiling(NamedTuple):
    """How time is cut. Chunks depend on the length alone: a sequence does not depend on its batch mates."""

    chunk: int
    """Steps a program walks; a multiple of ``edge``, as long as the sequence if no program shares it."""
    edge: int = 16
    """Steps between the states kept for the backward; a power of two."""
    unroll: int = 2
    """Steps whose loads are in flight at once."""

    def count(self, length: int) -> int:
        """Chunks of a sequence."""
        return -(-length // self.chunk)


def tiling(length: int) -> Tiling:
    """Up to 512 steps at once; beyond, chunks of about half the square root of the length, so that one long sequence
    fills a card and the walk over chunks stays short.
    """
    if length <= 512:
        return Tiling(max(16, power_of_two(length)))
    bits = (length - 1).bit_length()
    return Tiling(min(1024, max(64, 1 << ((bits + 1) // 2 - 1))))


def scan_block(d_state: int) -> int:
    """Channels of a one-warp program: two a thread while their states and A fit its registers."""
    return 64 if d_state <= 16 else 32


def scan_registers(d_state: int) -> int:
    """A thread's limit in the scans: 128 are sixteen warps on a multiprocessor; wide states need what there is."""
    return 128 if d_state <= 32 else 255


def scan_unroll(cut: Tiling, d_state: int) -> int:
    """Two, as many as 128 registers hold; one for wide states, whose code would outgrow its cache."""
    return min(cut.unroll, 2 if d_state <= 32 else 1)


COMBINE_BLOCK = 128
"""Channels of a program that walks over chunks."""
GRADIENT_BLOCK = 64
"""Channels of a program of the gradient, one a thread. Each block writes its own part of dB and dC; wider ones would
write fewer, but their warps wait for more others at each sum over channels.
"""


def gradient_registers(gated: bool) -> int:
    """A thread's limit in the gradient: twelve warps on a multiprocessor; with a gate ten, or the inner loop spills."""
    return 200 if gated else 168
