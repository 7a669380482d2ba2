"""Time and memory against length, drawn from what encoder.py wrote: ``python benchmarks/figure.py [-o FIGURE.png]``.

Both axes are logarithmic. A peer with fewer layers is drawn at the time that as many layers as the model's would take
(its own times their ratio), and says so; memory is drawn as measured, since inference keeps one layer's at a time.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dna_mamba.plotting.figures import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, new_figure, save_figure, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks/results/encoder.json"
FIGURE = ROOT / "docs/images/length.png"
MODES = {"none": "one strand", "augment": "one strand", "post-hoc": "both strands", "shared": "both strands"}
COLOURS = (BLUE, SKY, VERMILION, ORANGE, PURPLE, GREEN)
MARKERS = "osD^vP"
IDLE = 0.2
"""Cores that other processes may keep busy during a measurement."""


class Line(NamedTuple):
    """A model's points: bp, seconds for the whole encoder, resident bytes at most."""

    label: str
    bp: list[int]
    seconds: list[float]
    peak_bytes: list[float]


def lines_of(rows: list[Mapping[str, Any]]) -> list[Line]:
    """One for each model and mode, in the order they were measured."""
    points: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        if "seconds" in row:
            points.setdefault((row["model"], row["mode"]), []).append(row)
    layers = max((row["layers"] for row in rows if "layers" in row), default=0)
    return [line_of(model, mode, its, layers) for (model, mode), its in points.items()]


def line_of(model: str, mode: str, rows: list[Mapping[str, Any]], layers: int) -> Line:
    rows = sorted(rows, key=lambda row: row["length"])
    scale = layers / rows[0]["layers"]
    measured = "1 layer" if rows[0]["layers"] == 1 else f"{rows[0]['layers']} layers"
    scaled = f"\n(time: {measured} measured, times {scale:g})" if scale != 1 else ""
    return Line(
        f"{model}, {MODES.get(mode, mode)}{scaled}",
        [row["length"] for row in rows],
        [row["seconds"] * scale for row in rows],
        [row["peak_mib"] * 2**20 for row in rows],
    )


def length_figure(results: Mapping[str, Any]) -> "Figure":
    lines, figure = lines_of(results["rows"]), new_figure(9.4, 4.6)
    time_axes, memory_axes = figure.subplots(1, 2)
    for line, colour, marker in zip(lines, COLOURS, MARKERS, strict=False):
        style: dict[str, Any] = {"color": colour, "marker": marker, "markersize": 5, "linewidth": 1.8}
        time_axes.plot(line.bp, line.seconds, label=line.label, **style)
        memory_axes.plot(line.bp, [count / 2**30 for count in line.peak_bytes], **style)
    tidy(time_axes, "Time of one sequence", "length (bp)", "seconds")
    tidy(memory_axes, "Peak memory of the process", "length (bp)", "GiB resident")
    for axes in (time_axes, memory_axes):
        logarithmic(axes)
    figure.legend(loc="outside lower center", ncols=2, fontsize=8.5, frameon=False)
    figure.suptitle(caption(results), x=0.01, ha="left", fontsize=8.5, color=GREY)
    return figure


def logarithmic(axes: "Axes") -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator

    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(LogLocator(base=4))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda bp, _: binary(bp)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    axes.yaxis.set_minor_formatter(FuncFormatter(lambda y, _: f"{y:g}" if f"{y:e}"[0] in "25" else ""))
    axes.tick_params(which="minor", labelsize=8)
    axes.grid(color="#e4e4e4", linewidth=0.6)
    axes.set_axisbelow(True)


def binary(count: float) -> str:
    """4096 as 4 Ki, 2^20 as 1 Mi."""
    for unit, size in (("Mi", 2**20), ("Ki", 2**10)):
        if count >= size:
            return f"{count / size:g} {unit}"
    return f"{count:g}"


def caption(results: Mapping[str, Any]) -> str:
    """What was measured, where and when."""
    setting, first = results["setting"], next(row for row in results["rows"] if "layers" in row)
    parameters = f", {first['parameters'] / 1e6:.1f} M parameters" if "parameters" in first else ""
    shape = f"{first['layers']} bidirectional layers, d_model {results['d_model']}{parameters}, float32"
    machine = f"{setting['processor']}, {setting['threads']} threads, torch {setting['versions']['torch']}"
    busy = any((row.get("others") or 0) > IDLE for row in results["rows"])
    return f"{shape}. {machine}, {setting['date']}{', machine not idle' if busy else ''}."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="?", type=Path, default=RESULTS, help=f"default {RESULTS.relative_to(ROOT)}")
    parser.add_argument("-o", "--output", type=Path, default=FIGURE, help=f"default {FIGURE.relative_to(ROOT)}")
    arguments = parser.parse_args()
    save_figure(length_figure(json.loads(arguments.results.read_text())), arguments.output, force=True)
    print(arguments.output)


if __name__ == "__main__":
    main()
