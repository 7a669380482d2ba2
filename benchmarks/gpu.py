"""Correctness and speed on a CUDA device: ``python benchmarks/gpu.py --part 1|2 [-o RESULTS.json]``.

Needs python3, torch, triton and numpy, nothing installed: it runs from a checkout, each part within ten minutes. Part 1
checks every Triton kernel, and times nothing unless all pass; then scan and convolution, forward and with their
gradients, in both directions, beside torch's own means and, with ``--mamba-ssm DIR``, the scan of mamba-ssm built from
its sources. Part 2 times a whole encoder in float32, TF32 and bfloat16, its products alone, training steps and whole
chromosomes. Both end with a table of ratios to what the card cannot beat: 16 exponentials a clock and multiprocessor,
and the bytes of inputs and outputs at the bandwidth of a copy, measured here. Times are by the card's clock, of calls
queued before the first one starts.

Without a card it says so and exits with 3. ``--dry-run`` goes through a part on the CPU, with the chunked kernels and
at sizes that say nothing about speed; ``--interpret`` runs the checks on the CPU, in Triton's interpreter.
"""

import argparse
import importlib.util
import json
import os
import sys
import time
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "kernels"), str(ROOT / "benchmarks")]

import card as on_card  # noqa: E402
import torch  # noqa: E402
from card import Card  # noqa: E402

Row = dict[str, Any]
OPTIONAL = ("pydantic", "click", "pysam", "safetensors")


def main() -> None:
    args = parse()
    if not (args.interpret or args.dry_run or torch.cuda.is_available()):
        print("no CUDA device: nothing to run here (--interpret and --dry-run run on the CPU)", file=sys.stderr)
        raise SystemExit(3)
    if args.interpret:
        os.environ["TRITON_INTERPRET"] = "1"
    found = setting()
    print(json.dumps(found))
    for line in found["missing"]:
        print(line)
    failed = 0
    if args.interpret or (args.part == 1 and not args.dry_run):
        found["checks"] = run_checks("cpu" if args.interpret else "cuda")
        failed = sum(bool(row["error"]) for row in found["checks"])
        print(f"{len(found['checks']) - failed} of {len(found['checks'])} checks passed")
    if not failed and not args.interpret:
        found |= benchmarks(args)
    if args.output:
        args.output.parent.mkdir(parents=True, exist_ok=True)
        args.output.write_text(json.dumps(found, indent=1) + "\n")
    raise SystemExit(1 if failed else 0)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", type=int, choices=(1, 2), default=1, help="default %(default)s")
    parser.add_argument("-o", "--output", type=Path, metavar="RESULTS.json", help="write what was found as JSON")
    parser.add_argument("--mamba-ssm", type=Path, metavar="DIR", help="a checkout of mamba-ssm to compare with")
    parser.add_argument("--seconds", type=float, default=0.4, help="for each measurement, default %(default)s")
    parser.add_argument("--dry-run", action="store_true", help="every step on the CPU, tiny")
    parser.add_argument("--interpret", action="store_true", help="only the checks, on the CPU, in Triton's interpreter")
    return parser.parse_args()


def setting() -> dict[str, Any]:
    """Versions and the card, and what is missing of what DNA Mamba uses."""
    versions = {"python": sys.version.split()[0], "torch": torch.__version__}
    if importlib.util.find_spec("triton") is not None:
        import triton

        versions["triton"] = triton.__version__
    missing = [f"{name} is not installed" for name in OPTIONAL if importlib.util.find_spec(name) is None]
    if torch.cuda.is_available():
        properties = torch.cuda.get_device_properties(0)
        versions |= {"device": properties.name, "multiprocessors": properties.multi_processor_count,
                     "memory_bytes": properties.total_memory, "cuda": torch.version.cuda}  # fmt: skip
    return versions | {"command": " ".join(sys.argv), "missing": missing}


def run_checks(device: str) -> list[Row]:
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


def benchmarks(args: argparse.Namespace) -> dict[str, Any]:
    """The rows of a part, printed as they come, and the card's ceilings; the table of ratios last."""
    device = "cpu" if args.dry_run else "cuda"
    copied = on_card.copy_bandwidth(device, 2**20 if args.dry_run else 2**30)
    exponentials = on_card.exponentials_a_second(device)
    backend, seconds = ("chunked", 0.0) if args.dry_run else (None, args.seconds)
    card = Card(device, backend, seconds, copied, exponentials)
    print(f"copy {copied / 1e12:.3g} TB/s, {exponentials / 1e12:.3g}e12 exponentials/s at most")
    rows = []
    for row in _rows(card, args):
        print(line_of(row), flush=True)
        rows.append(row)
    for line in ratios(rows):
        print(line)
    return {"copy_bytes_a_second": copied, "exponentials_a_second": exponentials, "rows": rows}


def _rows(card: Card, args: argparse.Namespace) -> Iterator[Row]:
    if args.part == 2:
        import gpu_encoder

        plain = importlib.util.find_spec("pydantic") is None
        if plain:
            print("encoder: its configuration needs pydantic; sizes come from a plain namespace instead")
        return gpu_encoder.rows(card, gpu_encoder.DRY if args.dry_run else gpu_encoder.Plan(), plain=plain)
    import gpu_kernels

    extension = None
    if args.mamba_ssm and card.device != "cpu":
        import rival

        started = time.perf_counter()
        extension = rival.built(args.mamba_ssm)
        print(f"mamba-ssm: built in {time.perf_counter() - started:.0f} s")
    else:
        print("mamba-ssm: not compared with; that takes a card and --mamba-ssm DIR")
    return gpu_kernels.rows(card, gpu_kernels.DRY if args.dry_run else gpu_kernels.Plan(), extension)


def line_of(row: Row) -> str:
    """What was measured and every time in milliseconds."""
    numbers = [f"{name[:-2]} {row[name] * 1e3:.3f}" for name in row if name.endswith("_s")]
    peak = f" peak {row['peak_bytes'] / 2**30:.2f} GiB" if row.get("peak_bytes") else ""
    return f"{_what(row)} ms: {', '.join(numbers)}{peak}"


def _what(row: Row) -> str:
    gate = " gated" if row.get("gated") else ""
    return f"{row['operation'] + gate:40} {row['batch']:2} x {row['length']:<10,} {row['dtype']:8}"


def ratios(rows: Iterable[Row]) -> Iterator[str]:
    """Times over the larger floor, over the products, and over others' times at the same sizes."""
    rows = list(rows)
    yield f"\n{'what':63} {'ms':>9} {'floor':>9} {'ratio':>6}  beside others"
    for row in rows:
        bounds = [row[name] for name in ("traffic_s", "exponentials_s", "products_s") if name in row]
        if not bounds:
            continue
        same = [other for other in rows if other["operation"].startswith(row["operation"] + ",")
                and all(other.get(k) == row.get(k) for k in ("batch", "length", "dtype", "gated"))]  # fmt: skip
        others = ", ".join(
            f"{row['forward_s'] / other['forward_s']:.2f} of {other['operation'].partition(', ')[2]}"
            f" ({row['both_s'] / other['both_s']:.2f} with gradients)"
            for other in same
        )
        floor = max(bounds)
        yield (
            f"{_what(row)} {row['forward_s'] * 1e3:9.3f} {floor * 1e3:9.3f} {row['forward_s'] / floor:6.2f}  {others}"
        )


if __name__ == "__main__":
    main()
