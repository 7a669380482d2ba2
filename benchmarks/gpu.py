"""Correctness and speed on a CUDA device: ``python benchmarks/gpu.py [-o RESULTS.json] [--interpret] [--quick]``.

Needs python3, torch and triton, nothing installed: it runs from a checkout. Every check of the Triton kernels comes
first, and nothing is timed unless they pass. Then the scan and the convolution, both directions, beside what the card
cannot beat: 16 exponentials a clock and multiprocessor, and the bytes of inputs and outputs at the bandwidth of a copy,
both measured here. Last a whole encoder. Without a card it says so and exits with 3; ``--interpret`` runs the checks on
the CPU, in triton's interpreter.
"""

import argparse
import importlib.util
import json
import os
import statistics
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "kernels")]

import torch  # noqa: E402
from torch import Tensor  # noqa: E402

LENGTHS = (2**13, 2**17, 2**20)
D_INNER, D_STATE, D_CONV = 512, 16, 4
ENCODER = {"d_model": 256, "n_layer": 8}


def measure(call: Callable[[], Any], seconds: float = 0.4) -> float:
    """Median seconds of a call by the card's own clock, after three to warm up; at least five calls."""
    for _ in range(3):
        call()
    taken: list[float] = []
    begun = time.perf_counter()
    while len(taken) < 5 or (time.perf_counter() - begun < seconds and len(taken) < 200):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        call()
        end.record()
        end.synchronize()
        taken.append(start.elapsed_time(end) / 1e3)
    return statistics.median(taken)


def graphed(call: Callable[[], Any]) -> Callable[[], None]:
    """The call as a CUDA graph: what remains when no kernel waits for Python."""
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for _ in range(3):
            call()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        call()
    return graph.replay


def run_checks(device: str) -> list[dict[str, Any]]:
    """Every check's name, seconds and error, if any, printed as they come."""
    from tests.kernels.triton_checks import checks

    rows = []
    for name, check in checks(device).items():
        start = time.perf_counter()
        error, distance = "", None
        try:
            distance = check()
        except Exception as problem:
            error = f"{type(problem).__name__}: {problem}".splitlines()[0][:300]
            traceback.print_exc(limit=-2)
        seconds = round(time.perf_counter() - start, 2)
        rows.append({"check": name, "seconds": seconds, "error": error, "distance": distance})
        print(f"{'FAILED' if error else 'ok':6} {name} {seconds} s {error or distance or ''}", flush=True)
        if device != "cpu":
            torch.cuda.empty_cache()
    return rows


def copy_bandwidth() -> float:
    """Bytes read and written a second by a copy of a gigabyte."""
    source = torch.empty(2**28, device="cuda")
    target = torch.empty_like(source)
    return 2 * source.nbytes / measure(lambda: target.copy_(source))


def exponentials_a_second() -> float:
    """16 a clock and multiprocessor; the clock read under load, or the highest the driver knows."""
    properties = torch.cuda.get_device_properties(0)
    x = torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16)
    for _ in range(50):
        x @ x
    try:
        megahertz = torch.cuda.clock_rate()
    except (RuntimeError, ModuleNotFoundError):  # needs the driver's Python package
        megahertz = getattr(properties, "clock_rate", 1_755_000) / 1e3
    torch.cuda.synchronize()
    return 16 * properties.multi_processor_count * megahertz * 1e6


def scan_inputs(length: int, dtype: torch.dtype) -> dict[str, Tensor]:
    """As the encoder passes them: B and C are slices of one projection, no gate; A and delta as Mamba starts."""
    projection = torch.randn(1, length, 16 + 2 * D_STATE, device="cuda", dtype=dtype)
    steps = torch.logspace(-3, -1, D_INNER, device="cuda")
    return {
        "u": torch.randn(1, length, D_INNER, device="cuda", dtype=dtype),
        "delta": torch.randn(1, length, D_INNER, device="cuda", dtype=dtype) * 0.3,
        "A": -torch.arange(1.0, D_STATE + 1, device="cuda").repeat(D_INNER, 1),
        "B": projection[..., 16 : 16 + D_STATE],
        "C": projection[..., 16 + D_STATE :],
        "D": torch.ones(D_INNER, device="cuda"),
        "delta_bias": steps + torch.log(-torch.expm1(-steps)),
    }


def conv_inputs(length: int, dtype: torch.dtype) -> dict[str, Tensor]:
    return {
        "x": torch.randn(1, length, 2 * D_INNER, device="cuda", dtype=dtype)[..., :D_INNER],
        "weight": torch.randn(D_INNER, D_CONV, device="cuda"),
        "bias": torch.randn(D_INNER, device="cuda"),
    }


def both_passes(call: Callable[..., Tensor], inputs: dict[str, Tensor]) -> Callable[[], Any]:
    leaves = {name: x.detach().requires_grad_() for name, x in inputs.items()}
    dy = torch.randn_like(call(**inputs))
    return lambda: torch.autograd.grad(call(**leaves), list(leaves.values()), dy)


def mamba_ssm_scan() -> Callable[..., Tensor] | None:
    """The scan of mamba-ssm on the same numbers (channels first, contiguous, as it wants them), where installed."""
    if importlib.util.find_spec("mamba_ssm") is None:
        return None
    from mamba_ssm.ops.selective_scan_interface import selective_scan_fn

    def scan(u, delta, A, B, C, D, delta_bias):  # type: ignore[no-untyped-def]
        return selective_scan_fn(u, delta, A, B, C, D, delta_bias=delta_bias, delta_softplus=True)

    return scan


def floors(operation: str, length: int, dtype: torch.dtype, exponentials: float, bandwidth: float) -> dict[str, float]:
    """Seconds that the forward's exponentials (each once) and its inputs and outputs (each once) take at least."""
    elements = length * D_INNER
    values = 3 * elements + 2 * length * D_STATE if operation == "scan" else 2 * elements
    floor = {"traffic_s": values * dtype.itemsize / bandwidth}
    if operation == "scan":
        floor["exponentials_s"] = elements * D_STATE / exponentials
    return floor


def kernel_rows(lengths: tuple[int, ...], exponentials: float, bandwidth: float) -> Iterator[dict[str, Any]]:
    """Scan and convolution, forward and both passes, both directions, with their peak memory."""
    from dna_mamba_kernels import depthwise_conv, selective_scan

    def scan(**inputs: Any) -> Tensor:
        return selective_scan(**inputs, delta_softplus=True)[0]

    operations: dict[str, tuple[Any, Any]] = {"scan": (scan, scan_inputs), "conv": (depthwise_conv, conv_inputs)}
    rival = mamba_ssm_scan()
    for operation, (call, make) in operations.items():
        for length in lengths:
            for dtype in (torch.bfloat16, torch.float32):
                inputs = make(length, dtype)
                row = {"operation": operation, "shape": [1, length, D_INNER, D_STATE], "dtype": str(dtype)[6:]}
                row |= floors(operation, length, dtype, exponentials, bandwidth)
                for reverse in (False, True):
                    directed = _directed(call, reverse)
                    with torch.no_grad():
                        forward = measure(lambda d=directed, i=inputs: d(**i))
                    torch.cuda.reset_peak_memory_stats()
                    held = torch.cuda.memory_allocated()
                    both = measure(both_passes(directed, inputs))
                    peak = torch.cuda.max_memory_allocated() - held
                    yield row | {"reverse": reverse, "forward_s": forward, "both_s": both, "peak_bytes": peak}
                if rival is not None and operation == "scan":
                    yield row | {"operation": "mamba-ssm"} | time_rival(rival, inputs)
                del inputs
                torch.cuda.empty_cache()


def _directed(call: Callable[..., Tensor], reverse: bool) -> Callable[..., Tensor]:
    return lambda **inputs: call(**inputs, reverse=reverse)


def time_rival(rival: Callable[..., Tensor], inputs: dict[str, Tensor]) -> dict[str, float]:
    firsts = ("u", "delta", "B", "C")
    turned = {k: x.transpose(1, 2).contiguous() if k in firsts else x for k, x in inputs.items()}
    with torch.no_grad():
        forward = measure(lambda: rival(**turned))
    return {"forward_s": forward, "both_s": measure(both_passes(rival, turned))}


def encoder_rows(lengths: tuple[int, ...]) -> Iterator[dict[str, Any]]:
    """A whole encoder's forward in float32 and bfloat16, eager and as a CUDA graph."""
    from dna_mamba.models.config import ModelConfig
    from dna_mamba.models.encoder import Encoder

    config = ModelConfig(**ENCODER, tokenizer={"kind": "nucleotide"})
    for dtype in (torch.float32, torch.bfloat16):
        torch.manual_seed(0)
        encoder = Encoder(config, vocab_size=16).to("cuda", dtype).eval()
        for length in lengths:
            ids = torch.randint(0, 16, (1, length), device="cuda")
            torch.cuda.reset_peak_memory_stats()
            row = {"operation": "encoder", "model": ENCODER, "shape": [1, length], "dtype": str(dtype)[6:]}
            with torch.no_grad():
                row["forward_s"] = measure(lambda e=encoder, i=ids: e(i))
                row["peak_bytes"] = torch.cuda.max_memory_allocated()
                try:
                    row["graph_s"] = measure(graphed(lambda e=encoder, i=ids: e(i)))
                except RuntimeError as problem:
                    row["graph_error"] = str(problem).splitlines()[0]
            yield row
            torch.cuda.empty_cache()


def show(row: dict[str, Any]) -> None:
    size = ",".join(map(str, row["shape"]))
    way = {True: "reverse", False: "forward"}.get(row.get("reverse"), "")
    numbers = [f"{name[:-2]} {row[name] * 1e3:.3f}" for name in row if name.endswith("_s")]
    peak = f"peak {row['peak_bytes'] / 2**30:.2f} GiB" if "peak_bytes" in row else ""
    print(f"{row['operation']:9} {size:18} {row['dtype']:8} {way:7} ms: {', '.join(numbers)} {peak}", flush=True)


def benchmarks(quick: bool) -> dict[str, Any]:
    bandwidth, exponentials = copy_bandwidth(), exponentials_a_second()
    print(f"copy {bandwidth / 1e12:.2f} TB/s, {exponentials / 1e12:.2f}e12 exponentials/s at most")
    lengths = LENGTHS[:1] if quick else LENGTHS
    rows = []
    for row in kernel_rows(lengths, exponentials, bandwidth):
        show(row)
        rows.append(row)
    if importlib.util.find_spec("pydantic") is None:
        print("encoder: not timed, its configuration needs pydantic")
    else:
        for row in encoder_rows(lengths):
            show(row)
            rows.append(row)
    return {"copy_bytes_a_second": bandwidth, "exponentials_a_second": exponentials, "rows": rows}


def setting() -> dict[str, Any]:
    import triton

    versions = {"python": sys.version.split()[0], "torch": torch.__version__, "triton": triton.__version__}
    if torch.cuda.is_available():
        properties = torch.cuda.get_device_properties(0)
        versions |= {"device": properties.name, "multiprocessors": properties.multi_processor_count,
                     "memory_bytes": properties.total_memory, "cuda": torch.version.cuda}  # fmt: skip
    return versions | {"command": " ".join(sys.argv)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, help="write what was found as JSON")
    parser.add_argument("--interpret", action="store_true", help="run the checks on the CPU, in triton's interpreter")
    parser.add_argument("--quick", action="store_true", help="time the shortest length only")
    args = parser.parse_args()
    if not args.interpret and not torch.cuda.is_available():
        print("no CUDA device: nothing to run here (--interpret runs the checks on the CPU)", file=sys.stderr)
        raise SystemExit(3)
    if args.interpret:
        os.environ["TRITON_INTERPRET"] = "1"
    found = setting()
    print(json.dumps(found))
    found["checks"] = run_checks("cpu" if args.interpret else "cuda")
    failed = sum(bool(row["error"]) for row in found["checks"])
    print(f"{len(found['checks']) - failed} of {len(found['checks'])} checks passed")
    if not failed and not args.interpret:
        found |= benchmarks(args.quick)
    if args.output:
        args.output.parent.mkdir(parents=True, exist_ok=True)
        args.output.write_text(json.dumps(found, indent=1) + "\n")
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
