"""``dna-mamba doctor``: what runs here and why, for people or as JSON."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from dna_mamba.cli.options import setup_torch, threads_option

if TYPE_CHECKING:
    from dna_mamba.cli.inspection import Inspection, Products


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@threads_option
def command(as_json: bool, threads: int) -> None:
    """Show what runs here: devices, the kernel each would use and why, versions, and a short measurement of speed."""
    from dna_mamba.cli.inspection import inspect_machine

    setup_torch(threads)
    inspection = inspect_machine()
    click.echo(json.dumps(_to_json(inspection), indent=1) if as_json else _to_text(inspection))


def _to_json(inspection: "Inspection") -> dict[str, object]:
    return {
        "versions": inspection.versions,
        "platform": inspection.platform,
        "threads": inspection.threads,
        "devices": [device._asdict() for device in inspection.devices],
        "kernels": [kernel._asdict() for kernel in inspection.kernels],
        "products": inspection.products._asdict(),
        "speed": inspection.speed._asdict(),
    }


def _to_text(inspection: "Inspection") -> str:
    from dna_mamba.cli.inspection import MODEL_TOKENS, SCAN_SHAPE

    versions = inspection.versions
    head = f"dna-mamba {versions['dna-mamba']} on {inspection.platform}, {inspection.threads} CPU threads"
    devices = [(d.name, f"{d.kernel} kernel", d.description) for d in inspection.devices]
    kernels = [
        (k.name, "runs", k.reason) if k.available else (k.name, "does not run", "; ".join(filter(None, k[2:])))
        for k in inspection.kernels
    ]
    installed = [(name, version or "not installed") for name, version in versions.items() if name != "dna-mamba"]
    speed = inspection.speed
    shape = " x ".join(f"{size:,}" for size in SCAN_SHAPE[:3])
    scan = f"{speed.scan_ns_per_channel_step:.1f} ns a channel-step"
    speeds = [("scan", scan, f"{shape}, d_state {SCAN_SHAPE[3]}")]
    if speed.model is not None and speed.model_tokens_per_second is not None:
        tokens = f"{speed.model_tokens_per_second:,.0f} tokens/s"
        speeds.append((speed.model, tokens, f"one sequence of {MODEL_TOKENS:,}"))
    return "\n".join(
        [
            click.style(head, bold=True),
            *_section("Devices", devices),
            *_section("Kernels", kernels),
            *_section("Matrix products on the CPU", _product_rows(inspection.products)),
            *_section("Versions", installed),
            *_section("Speed on the CPU", speeds),
        ]
    )


def _product_rows(products: "Products") -> list[tuple[str, ...]]:
    """A line for each library, that which is taken with the reason, and one for bfloat16."""
    notes = {products.library: f"taken: {products.reason}", "bfloat16": products.bfloat16}
    return [(name, f"{speed:,.0f} GFLOP/s", notes.get(name, "")) for name, speed in products.gigaflops.items()]


def _section(title: str, rows: Sequence[tuple[str, ...]]) -> list[str]:
    """A heading and rows in aligned columns."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return ["", click.style(title, bold=True), *(f"  {line.rstrip()}" for line in lines)]
