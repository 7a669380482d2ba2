"""Compile the Triton kernels as their launchers ask for them, for cards that need not be there.

``python tests/kernels/compile_triton.py [80 90 100] [--triton DIR] [--every-variant] [--json]`` prints, for each
compute capability and kernel, registers of a thread, bytes of stack and of shared memory, local-memory instructions
inside innermost loops, and exponentials and instructions of the innermost loop: for a step, channel and state where a
kernel has states, else for an element. Launches are those of a bidirectional layer, recorded on tensors without memory:
dtypes, strides, constants and limits are those that run. ``--triton DIR`` takes another Triton, as
``pip install --target DIR triton==3.6.0`` leaves it. With ``--budget FILE`` what exceeds the numbers of that file is
said, and the exit code is 1.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tests.kernels.triton_launches import Launch

ROOT = Path(__file__).resolve().parents[2]
CAPABILITIES = (80, 90, 100)
LIMITED = ("registers", "stack", "shared", "spills_in_loops", "instructions")


class Row(NamedTuple):
    """One kernel for one compute capability."""

    triton: str
    capability: int
    kernel: str
    registers: int
    stack: int
    shared: int
    spills_in_loops: int
    exponentials: float
    instructions: float
    fused: int
    """Recurrences that are ``fma(decay, h, product)``."""
    decays_in_products: int
    """Multiplications of a decay, each with a rounding of its own."""
    accumulator_layouts: int
    """Of the tensor of the kernel's that has most, among those it reads and writes again."""


ACCUMULATORS = ("adjoint_PBND", "dA_PBND")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("capabilities", type=int, nargs="*", default=CAPABILITIES, help="default: 80 90 100")
    parser.add_argument("--triton", type=Path, metavar="DIR", help="a folder that holds another Triton")
    parser.add_argument("--every-variant", action="store_true", help="float32, and 64 states, too")
    parser.add_argument("--budget", type=Path, metavar="FILE", help="numbers that must not be exceeded")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each kernel")
    arguments = parser.parse_args()
    os.environ.pop("TRITON_INTERPRET", None)
    sys.path[:0] = [str(path) for path in (arguments.triton, ROOT, ROOT / "kernels") if path]
    rows: list[Row] = []
    for row in compile_all(arguments.capabilities, arguments.every_variant):
        print(json.dumps(row._asdict()) if arguments.json else line_of(row, first=not rows), flush=True)
        rows.append(row)
    exceeded = list(excesses(rows, json.loads(arguments.budget.read_text()))) if arguments.budget else []
    for text in exceeded:
        print(text, file=sys.stderr)
    raise SystemExit(1 if exceeded else 0)


def compile_all(capabilities: list[int], every_variant: bool) -> Iterator[Row]:
    """A row for each compilation that a layer's inference and training ask for."""
    import triton

    from tests.kernels.triton_code import layouts_of, recurrences, usage

    for capability in capabilities:
        seen = set()
        for launch in launches(every_variant):
            compilation = launch.compilation(capability)
            if compilation.key in seen:
                continue
            seen.add(compilation.key)
            compiled, per = compilation.compiled(), work_in_loop(launch)
            found = usage(compiled)
            layouts = [len(layouts_of(compiled.asm["ttgir"], name)) for name in ACCUMULATORS]
            yield Row(
                triton.__version__, capability, name_of(launch), *found[:4],
                round(found.exponentials_in_loop / per, 2), round(found.instructions_in_loop / per, 1),
                *recurrences(compiled.asm["ptx"]), max(layouts),
            )  # fmt: skip


def launches(every_variant: bool) -> "list[Launch]":
    """In bfloat16 with 16 states, as every model size has; in float32, and with 64 states, for every variant."""
    import torch

    from tests.kernels.triton_launches import Sizes, infer, taken_down, train

    with taken_down() as found:
        infer(Sizes(), torch.bfloat16)
        train(Sizes(), torch.bfloat16)
        if every_variant:
            infer(Sizes(), torch.float32)
            train(Sizes(), torch.float32)
            train(Sizes(d_state=64), torch.bfloat16)
    return found


def name_of(launch: "Launch") -> str:
    """The kernel and what sets its variant apart."""
    given = dict(zip(launch.kernel.arg_names, launch.positional, strict=False)) | launch.named
    parts = [launch.name.removesuffix("_kernel")]
    if "conv" in launch.kernel.fn.__module__:
        parts[0] = {"forward": "conv"}.get(parts[0], f"conv {parts[0].replace('_', ' ')}")
    parts += ["adjoint"] if given.get("ADJOINT") else []
    parts += ["gated"] if given.get("z") is not None else []
    parts += ["saving states"] if given.get("edges_EBTNW") is not None and launch.name == "scan_kernel" else []
    states = given.get("N", given.get("d_state"))
    parts += [f"{states} states"] if states not in (None, 16) else []
    boundary = given.get("u", given.get("x", given.get("dx")))
    parts += ["float32"] if boundary is not None and boundary.dtype.itemsize == 4 else []
    return ", ".join(parts)


def work_in_loop(launch: "Launch") -> float:
    """How many steps of a channel and state a thread takes in one turn of its inner loop; elements, without states."""
    given: dict[str, Any] = dict(zip(launch.kernel.arg_names, launch.positional, strict=False)) | launch.named
    lanes = 32 * given["num_warps"]
    per_thread = given["BLOCK_D"] / lanes
    if launch.name == "combine_kernel":
        return float(given["AHEAD"] * per_thread)
    if launch.name == "gradient_kernel":
        return float(given["EDGE"] * per_thread)
    if "conv" in launch.kernel.fn.__module__:
        return float(given.get("UNROLL", given["STEPS"]) * per_thread)
    return float(given["UNROLL"] * given["N"] * per_thread)


def excesses(rows: list[Row], budget: dict[str, dict[str, dict[str, float]]]) -> Iterator[str]:
    """One line for each number above its budget, and for each kernel without one."""
    for row in rows:
        allowed = budget.get(str(row.capability), {}).get(row.kernel)
        if allowed is None:
            yield f"sm_{row.capability} {row.kernel}: no budget; add it"
            continue
        for name in LIMITED:
            if getattr(row, name) > allowed[name]:
                yield (
                    f"sm_{row.capability} {row.kernel}: {name} {getattr(row, name):g} with Triton {row.triton}, "
                    f"budget {allowed[name]:g}"
                )


def line_of(row: Row, *, first: bool) -> str:
    """One line of a table, below the names of its columns where it is the first."""
    head = (
        f"{'triton':7} {'card':7} {'kernel':36} {'registers':>9} {'stack':>6} {'shared':>7} {'spills':>7} "
        f"{'exponentials':>13} {'instructions':>13}\n"
    )
    return (head if first else "") + (
        f"{row.triton:7} sm_{row.capability:<4} {row.kernel:36} {row.registers:9} {row.stack:6} {row.shared:7} "
        f"{row.spills_in_loops:7} {row.exponentials:13.2f} {row.instructions:13.1f}"
    )


if __name__ == "__main__":
    main()
