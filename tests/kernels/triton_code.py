"""What the compiler made of a kernel: registers, spills, instructions, the recurrence's product, thread layouts."""

import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import triton

TOOLS = Path(triton.__file__).parent / "backends/nvidia/bin"
_LOCAL_MEMORY = re.compile(r"\b(?:LDL|STL)\b")


class Usage(NamedTuple):
    """Of one kernel, as the machine code says; bytes for a thread (stack) and a block (shared)."""

    registers: int
    stack: int
    shared: int
    spills_in_loops: int
    """Loads from and stores to local memory inside loops that hold no other loop."""
    exponentials_in_loop: int
    """Of the innermost loop that holds most of them; of everything where there is no loop."""
    instructions_in_loop: int
    """Of the same."""


def usage(compiled: Any) -> Usage:
    """Of Triton's result, by the tools that it brings."""
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(compiled.asm["cubin"])
        file.flush()
        table = _tool("cuobjdump", "-res-usage", file.name)
        sass = _tool("nvdisasm", "-c", file.name)
    registers, stack, shared = map(int, re.findall(r"REG:(\d+) STACK:(\d+) SHARED:(\d+)", table)[-1])
    whole = _instructions(sass.splitlines())
    loops = innermost_loops(sass)
    exponentials, instructions = max((_exponentials(loop), len(loop)) for loop in (loops or [whole]))
    spills = sum(bool(_LOCAL_MEMORY.search(line)) for loop in loops for line in loop)
    return Usage(registers, stack, shared, spills, exponentials, instructions)


def innermost_loops(sass: str) -> list[list[str]]:
    """The instructions of each loop that holds no other."""
    lines = [line.strip() for line in sass.splitlines()]
    labels = {line[:-1]: i for i, line in enumerate(lines) if re.fullmatch(r"\.L_x_\d+:", line)}
    jumps = ((i, re.search(r"BRA.*?`\((\.L_x_\d+)\)", line)) for i, line in enumerate(lines))
    # A jump to itself ends the code.
    loops = [(labels[m.group(1)], i) for i, m in jumps if m and labels.get(m.group(1), i) < i - 1]
    inner = [a for a in loops if not any(a != b and a[0] <= b[0] and b[1] <= a[1] for b in loops)]
    return [_instructions(lines[first : last + 1]) for first, last in inner]


def _instructions(lines: list[str]) -> list[str]:
    return [line.strip() for line in lines if line.strip().startswith("/*") and ";" in line]


def _exponentials(lines: list[str]) -> int:
    return sum("MUFU.EX2" in line for line in lines)


def recurrences(ptx: str) -> tuple[int, int]:
    """How many powers of two multiply something in an ``fma`` whose addend is a product; how many in a ``mul``.

    The first is ``fma(decay, h, drive * B)``, with one rounding of what is carried along; ``fma(drive, B, decay * h)``
    has its decays in a ``mul``.
    """
    products = set(re.findall(r"mul\.f32\s+(%r\d+),", ptx))
    decays = set(re.findall(r"ex2\.approx(?:\.ftz)?\.f32\s+(%r\d+),", ptx))
    fused = re.findall(r"fma\.rn\.f32\s+%r\d+, (%r\d+), (%r\d+), (%r\d+);", ptx)
    multiplied = re.findall(r"mul\.f32\s+%r\d+, (%r\d+), (%r\d+);", ptx)
    right = sum(bool(decays & {a, b}) and c in products for a, b, c in fused)
    return right, sum(bool(decays & set(pair)) for pair in multiplied)


def layouts_of(ttgir: str, argument: str) -> set[str]:
    """The thread layouts of all loads from and stores to the tensor that ``argument`` points to.

    With one, an element is read and written by the same thread, and needs no barrier between.
    """
    origin = {}
    for target, operation, operands in re.findall(r"^\s*(%\S+) = (\S+) (.*)$", ttgir, re.M):
        if operation in ("tt.splat", "tt.addptr", "tt.broadcast", "ttg.convert_layout"):
            origin[target] = operands.split(",")[0].split(" ")[0]
    found = set()
    for pointer, kind in re.findall(r"tt\.(?:load|store) (%[\w#]+).*?: tensor<\S*?x?!tt\.ptr<f32>, (#\w+)>", ttgir):
        while pointer in origin:
            pointer = origin[pointer]
        if pointer == f"%{argument}":
            found.add(kind)
    return found


def _tool(name: str, *arguments: str) -> str:
    return subprocess.run([str(TOOLS / name), *arguments], check=True, capture_output=True, text=True).stdout
