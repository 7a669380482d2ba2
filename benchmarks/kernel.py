"""Speed of the kernels: ``python benchmarks/kernel.py [--shape B,L,D,N ...] [--threads T] [-o RESULTS.json]``.

Every backend and instruction set, forward and forward + backward (``both``), scan and convolution, in one process.
Times are wall-clock, the best and the median of the repeats: run on an idle machine. ``ns_per_step`` is core time for
one channel at one position (best time x threads / (batch x length x d_inner)); ``ratio`` is the best time of the
chunked torch path over this one's.
"""

import math

import torch
from measuring import Report, Row, Table, Times, measure, parser_of
from torch import Tensor

from dna_mamba_kernels import depthwise_conv, selective_scan
from dna_mamba_kernels.native import library

SHAPES: list[tuple[int, ...]] = [(1, 4096, 512, 16), (16, 512, 256, 16), (16, 512, 256, 8), (1, 16384, 512, 16)]
D_CONV = 4
COLUMNS = {
    "operation": "<9",
    "B,L,D,N": "<15",
    "pass": "<7",
    "backend": "<15",
    "best_ms": "9.2f",
    "median_ms": "9.2f",
    "ns_per_step": "8.2f",
    "ratio": "7.1f",
}


def scan_inputs(batch: int, length: int, d_inner: int, d_state: int) -> dict[str, Tensor]:
    """As the encoder passes them: B and C are slices of one projection, no gate."""
    projection = torch.randn(batch, length, 16 + 2 * d_state)
    return {
        "u": torch.randn(batch, length, d_inner),
        "delta": torch.randn(batch, length, d_inner) * 0.3,
        "A": -torch.arange(1.0, d_state + 1).repeat(d_inner, 1),
        "B": projection[..., 16 : 16 + d_state],
        "C": projection[..., 16 + d_state :],
        "D": torch.ones(d_inner),
        "delta_bias": torch.full((d_inner,), -4.0),
    }


def conv_inputs(batch: int, length: int, d_inner: int, _: int) -> dict[str, Tensor]:
    """As the encoder passes them: x is half of a projection."""
    return {
        "x": torch.randn(batch, length, 2 * d_inner)[..., :d_inner],
        "weight": torch.randn(d_inner, D_CONV),
        "bias": torch.randn(d_inner),
    }


def scan(inputs: dict[str, Tensor], backend: str) -> Tensor:
    return selective_scan(**inputs, delta_softplus=True, backend=backend)[0]


def conv(inputs: dict[str, Tensor], backend: str) -> Tensor:
    return depthwise_conv(**inputs, backend=backend)


OPERATIONS = {"scan": (scan, scan_inputs), "conv": (conv, conv_inputs)}


def time_backend(operation: str, shape: tuple[int, ...], backend: str, seconds: float) -> tuple[Times, Times]:
    """(forward, forward + backward)."""
    call, make = OPERATIONS[operation]
    torch.manual_seed(0)
    inputs = make(*shape)
    with torch.no_grad():
        forward = measure(lambda: call(inputs, backend), seconds)
    leaves = {name: x.detach().requires_grad_() for name, x in inputs.items()}
    dy = torch.randn(shape[:3])
    both = measure(lambda: torch.autograd.grad(call(leaves, backend), list(leaves.values()), dy), seconds)
    return forward, both


def backends() -> list[str]:
    loaded = library.load()
    isas = [] if isinstance(loaded, library.Missing) else [f"native:{isa}" for isa in loaded.isas]
    return ["chunked", *isas]


def run(shapes: list[tuple[int, ...]], seconds: float) -> list[Row]:
    """One row for each operation, shape, backend and pass."""
    table = Table(COLUMNS)
    for operation in OPERATIONS:
        for shape in shapes:
            times = {backend: time_backend(operation, shape, backend, seconds) for backend in backends()}
            for index, which in enumerate(("forward", "both")):
                slowest = times["chunked"][index].best
                for backend, pair in times.items():
                    table.add(row_of(operation, shape, which, backend, pair[index], slowest))
    return table.rows


def row_of(operation: str, shape: tuple[int, ...], which: str, backend: str, times: Times, chunked_s: float) -> Row:
    steps = math.prod(shape[:3]) / torch.get_num_threads()
    return {
        "operation": operation,
        "B,L,D,N": ",".join(map(str, shape)),
        "pass": which,
        "backend": backend,
        "best_ms": times.best * 1e3,
        "median_ms": times.median * 1e3,
        "ns_per_step": times.best / steps * 1e9,
        "ratio": chunked_s / times.best,
    }


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--shape", action="append", help="batch,length,d_inner,d_state; may be given more than once")
    parser.add_argument("--seconds", type=float, default=0.5, help="for each number, default %(default)s")
    arguments = parser.parse_args()
    given: list[tuple[int, ...]] = [tuple(map(int, text.split(","))) for text in arguments.shape or ()]
    report = Report(arguments)
    report.write(run(given or SHAPES, arguments.seconds))


if __name__ == "__main__":
    main()
