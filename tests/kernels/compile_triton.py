"""Compile the Triton kernels for a card that need not be there: ``python compile_triton.py 90 [--all]``.

Prints a line of JSON for each kernel: registers, bytes of stack, and local-memory instructions inside innermost loops.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from dna_mamba_kernels.triton import conv, conv_kernels, scan
from dna_mamba_kernels.triton import scan_backward_kernel as backward
from dna_mamba_kernels.triton import scan_forward_kernels as forward

TOOLS = Path(triton.__file__).parent / "backends/nvidia/bin"
_BOUNDARY = ("x", "u", "delta", "z", "addend", "y", "context")
AT_BOUNDARY = (*_BOUNDARY, *(f"d{name}" for name in _BOUNDARY))
"""Tensors in the caller's dtype; all others are float32."""
SIZES = ("batch", "length", "channels", "chunks", "tiles", "padded_length", "first_chunk", "N")


def variants(everything: bool) -> dict[str, tuple[Any, dict[str, Any], dict[str, Any]]]:
    """Name to kernel, constants and options: as encoders call them; with ``everything`` wide states and gates too."""
    one_warp, four_warps = {"num_warps": 1}, {"num_warps": 4}
    states = {"N": 16, "CHUNK": 512, "UNROLL": 4, "BLOCK_D": 64, "SOFTPLUS": True}
    tile = {"STEPS": conv.STEPS, "BLOCK_D": 128, "TAPS": 4}
    sums = {"STEPS": conv.GRADIENT_STEPS, "BLOCK_D": conv.GRADIENT_BLOCK_D, "LOOPS": conv.LOOPS, "TAPS": 4}
    gradient = {"CHUNK": 512, "EDGE": 16, "BLOCK_D": 128, "SOFTPLUS": True}
    limited = {**four_warps, "maxnreg": scan.GRADIENT_REGISTERS}
    plain = {"z": None, "addend": None}  # the first direction of a layer; the second adds and gates both
    found: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
        "summary": (forward.summary_kernel, {**states, "z": None, "ADJOINT": False}, one_warp),
        "adjoint summary": (forward.summary_kernel, {**states, "z": None, "ADJOINT": True}, one_warp),
        "combine": (forward.combine_kernel, {"N": 16, "BLOCK_D": 128, "AHEAD": 8, "ADJOINT": False}, four_warps),
        "scan": (forward.scan_kernel, {**states, **plain, "EDGE": 16, "edges_EBTNW": None}, one_warp),
        "scan for a backward": (forward.scan_kernel, {**states, **plain, "EDGE": 16}, one_warp),
        "gradient": (backward.gradient_kernel, {**gradient, **plain, "dz": None, "daddend": None}, limited),
        "conv": (conv_kernels.forward_kernel, {**tile, "SILU": True, "context": None}, four_warps),
        "conv output gradient": (conv_kernels.output_gradient_kernel, {**sums, "SILU": True}, four_warps),
        "conv input gradient": (conv_kernels.input_gradient_kernel, tile, four_warps),
    }
    if everything:
        wide = {**states, "N": 64, "BLOCK_D": 32, "UNROLL": 1}
        found["scan with a gate"] = (forward.scan_kernel, {**states, "EDGE": 16}, one_warp)
        found["scan, 64 states"] = (forward.scan_kernel, {**wide, **plain, "EDGE": 16}, one_warp)
        found["summary, 64 states"] = (forward.summary_kernel, {**wide, "z": None, "ADJOINT": False}, one_warp)
        found["gradient with a gate"] = (backward.gradient_kernel, gradient, limited)
    return found


def signature(kernel: Any, constants: dict[str, Any]) -> dict[str, str]:
    def kind(name: str) -> str:
        if name in constants:
            return "constexpr"
        if name.endswith(("_batch", "_row")):
            return "i64"
        return "i32" if name in SIZES else "*bf16" if name in AT_BOUNDARY else "*fp32"

    return {parameter.name: kind(parameter.name) for parameter in kernel.params}


def spills_in_loops(sass: str) -> int:
    """Loads from and stores to local memory inside loops that hold no other loop."""
    lines = [line.strip() for line in sass.splitlines()]
    labels = {line[:-1]: i for i, line in enumerate(lines) if re.fullmatch(r"\.L_x_\d+:", line)}
    jumps = ((i, re.search(r"BRA.*?`\((\.L_x_\d+)\)", line)) for i, line in enumerate(lines))
    loops = [(labels[m.group(1)], i) for i, m in jumps if m and labels.get(m.group(1), i) < i - 1]
    inner = [a for a in loops if not any(a != b and a[0] <= b[0] and b[1] <= a[1] for b in loops)]
    return sum(len(re.findall(r"\b(?:LDL|STL)\b", line)) for first, last in inner for line in lines[first:last])


def tool(name: str, *arguments: str) -> str:
    return subprocess.run([str(TOOLS / name), *arguments], check=True, capture_output=True, text=True).stdout


def main() -> None:
    capability, everything = int(sys.argv[1]), "--all" in sys.argv
    for name, (kernel, constants, options) in variants(everything).items():
        source = ASTSource(fn=kernel, signature=signature(kernel, constants), constexprs=constants)
        target = GPUTarget("cuda", capability, 32)
        compiled = triton.compile(source, target=target, options={**options, "enable_fp_fusion": True})
        with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
            file.write(compiled.asm["cubin"])
            file.flush()
            usage = tool("cuobjdump", "-res-usage", file.name)
            sass = tool("nvdisasm", "-c", file.name)
        registers, stack = map(int, re.findall(r"REG:(\d+) STACK:(\d+)", usage)[-1])
        spills = spills_in_loops(sass)
        exponentials = len(re.findall(r"\bMUFU\.EX2\b", sass))
        print(json.dumps({"kernel": name, "registers": registers, "stack": stack, "spills_in_loops": spills,
                          "exponentials": exponentials}), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
