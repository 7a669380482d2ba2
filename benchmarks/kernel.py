"""Speed of the kernels: ``python benchmarks/kernel.py [--shape B,L,D,N ...] [--threads T] [-o RESULTS.json]``.

Every backend and instruction set, forward and forward + backward, scan and convolution, in one process. Times are
wall-clock, the best and the median of the repeats: run on an idle machine. ``ns/step`` is core time for one channel at
one position (best time x threads / (batch x length x d_inner)); ``ratio`` is the best time of the chunked torch path
over this one's.
"""

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from dna_mamba_kernels import available_backends, depthwise_conv, selective_scan
from dna_mamba_kernels.native import library

SHAPES = [(1, 4096, 512, 16), (16, 512, 256, 16), (16, 512, 256, 8), (1, 16384, 512, 16)]
D_CONV = 4


class Times(NamedTuple):
    best: float
    median: float


def measure(call: Callable[[], Any], seconds: float) -> Times:
    """Repeat for about ``seconds``, at least three times after one to warm up."""
    call()
    taken: list[float] = []
    while len(taken) < 3 or sum(taken) < seconds:
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return Times(min(taken), statistics.median(taken))


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


def run(shapes: list[tuple[int, ...]], seconds: float) -> list[dict[str, Any]]:
    """One row for each operation, shape, backend and pass, printed as it comes."""
    rows = []
    print(f"{'':4} {'B,L,D,N':17} {'pass':8} {'backend':15} {'best ms':>9} {'median':>9} {'ns/step':>8} {'ratio':>7}")
    for operation in OPERATIONS:
        for shape in shapes:
            times = {backend: time_backend(operation, shape, backend, seconds) for backend in backends()}
            for index, which in enumerate(("forward", "both")):
                for backend, pair in times.items():
                    best, median = pair[index]
                    per_step = best * torch.get_num_threads() / (shape[0] * shape[1] * shape[2])
                    ratio = times["chunked"][index].best / best
                    size = ",".join(map(str, shape))
                    print(
                        f"{operation:4} {size:17} {which:8} {backend:15} {best * 1e3:9.2f} {median * 1e3:9.2f} "
                        f"{per_step * 1e9:8.2f} {ratio:7.1f}"
                    )
                    rows.append({"operation": operation, "shape": shape, "pass": which, "backend": backend,
                                 "best_s": best, "median_s": median, "ratio_to_chunked": ratio})  # fmt: skip
    return rows


def processor() -> str:
    """The processor's name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", action="append", help="batch,length,d_inner,d_state; may be given more than once")
    parser.add_argument("--threads", type=int, help="default: as many as torch takes")
    parser.add_argument("--seconds", type=float, default=0.5, help="time for each number, default 0.5")
    parser.add_argument("-o", "--output", type=Path, help="write the rows as JSON")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    shapes = [tuple(map(int, text.split(","))) for text in args.shape] if args.shape else SHAPES
    native = available_backends()["native"]
    setting = {
        "processor": processor(),
        "threads": torch.get_num_threads(),
        "native": f"{native.reason}; {native.detail}",
        "torch": torch.__version__,
        "command": " ".join(sys.argv),
    }
    for name, value in setting.items():
        print(f"{name}: {value}")
    rows = run(shapes, args.seconds)
    if args.output:
        args.output.write_text(json.dumps({**setting, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
