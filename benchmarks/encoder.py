"""Time and memory of a whole encoder against length: ``python benchmarks/encoder.py [--quick] [-o RESULTS.json]``.

A model of random weights reads one random sequence through ``MaskedLanguageModel.stream``, logits included; each point
has a process of its own, whose most resident memory is ``peak_mib`` (``start_mib`` of it before the model was made,
``estimated_mib`` what ``models.memory`` foretells for the rest). Points longer than ``--seconds`` are run once.

Peers are other implementations in plain torch, run in both directions over one strand, with fewer layers because they
take long; so compare ``us_per_layer``: microseconds for a token, a bidirectional layer and a strand. They go as far as
``--limit`` seconds and this machine's memory let them. Run on an idle machine; 25 minutes on two cores.
"""

import argparse
from itertools import product
from typing import Any, NamedTuple

import torch
from measuring import ALLOCATORS, ChildError, Point, Report, Row, Table, Times, in_child, measure_or_once, parser_of
from peers import PEERS, time_peer

from dna_mamba.defaults import PRECISIONS
from dna_mamba.machine import available_memory
from dna_mamba.models import MaskedLanguageModel, ModelConfig
from dna_mamba.models.memory import Shape, inference_bytes
from dna_mamba.models.precision import Precision, in_precision
from dna_mamba.tokenizers import NucleotideTokenizer

MIB = 2**20
LENGTHS = [4**n for n in range(6, 11)]
QUICK = {"layers": 2, "lengths": [1024, 4096], "peer_layers": 1, "seconds": 0.2, "limit": 10.0}
IMPORTS_S = 120.0
"""What a peer's process may take besides its measurement."""
COLUMNS = {
    "model": "<32",
    "mode": "<10",
    "layers": "2d",
    "length": "9,d",
    "seconds": "8.3f",
    "us_per_bp": "9.2f",
    "us_per_layer": "7.2f",
    "start_mib": "7,.0f",
    "peak_mib": "7,.0f",
    "estimated_mib": "7,.0f",
    "others": "4.2f",
    "skipped": "<20",
}


class Measured(NamedTuple):
    times: Times
    parameters: int
    estimated_bytes: int


def config_of(arguments: argparse.Namespace, mode: str, n_layer: int) -> ModelConfig:
    values: dict[str, Any] = {"d_model": arguments.d_model, "n_layer": n_layer, "reverse_complement": mode}
    return ModelConfig(**values, tokenizer=NucleotideTokenizer.caduceus().to_config())


def random_ids(model: MaskedLanguageModel, length: int) -> torch.Tensor:
    """int64 (1, length)."""
    bases = torch.from_numpy(model.tokenizer.encode(b"ACGT"))
    return bases[torch.randint(len(bases), (1, length), generator=torch.Generator().manual_seed(0))]


def time_model(config: ModelConfig, precision: Precision, length: int, seconds: float) -> Measured:
    torch.manual_seed(0)
    model = in_precision(MaskedLanguageModel(config).eval(), precision)
    ids_BL = random_ids(model, length)

    def read(ids_BL: torch.Tensor) -> None:
        for _ in model.stream(ids_BL):
            pass

    read(ids_BL[:, : LENGTHS[0]])
    times = measure_or_once(lambda: read(ids_BL), seconds)
    shape = Shape(2 if model.joins_strands else 1, length)
    estimated = model.n_bytes + inference_bytes(config, shape, model.device, model.dtype)
    return Measured(times, model.n_parameters, estimated)


def row_of(model: str, config: ModelConfig, length: int, times: Times, point: Point, mode: str = "") -> dict[str, Any]:
    strands = 2 if config.reverse_complement == "shared" else 1
    return {
        "model": model,
        "mode": mode or config.reverse_complement,
        "layers": config.n_layer,
        "strands": strands,
        "length": length,
        "seconds": times.median,
        "best_seconds": times.best,
        "repeats": times.repeats,
        "us_per_bp": times.median / length * 1e6,
        "us_per_layer": times.median / length / config.n_layer / strands * 1e6,
        "start_mib": point.start_bytes / MIB,
        "peak_mib": point.peak_bytes / MIB,
        "others": point.others,
    }


def measure_models(arguments: argparse.Namespace, table: Table) -> None:
    for mode, precision in product(arguments.modes, arguments.precisions):
        config = config_of(arguments, mode, arguments.layers)
        for length in arguments.lengths:
            how = {"threads": arguments.threads, "allocator": arguments.allocator}
            point = in_child(time_model, config, precision, length, arguments.seconds, **how)
            name = "dna-mamba" if precision == "float32" else f"dna-mamba {precision}"
            row = row_of(name, config, length, point.value.times, point)
            estimated = (point.start_bytes + point.value.estimated_bytes) / MIB
            table.add(row | {"parameters": point.value.parameters, "estimated_mib": estimated})


def measure_peers(arguments: argparse.Namespace, table: Table) -> None:
    config = config_of(arguments, "none", arguments.peer_layers)
    for name in arguments.peers:
        missing = PEERS[name].version is None
        last: Row | None = None
        for length in arguments.lengths:
            skipped = f"not installed: pip install {name}" if missing else foreseen(last, length, arguments.limit)
            if not skipped:
                last = measure_peer(arguments, name, config, length)
                table.add(last)
                skipped = last.get("skipped")
            else:
                table.add({"model": PEERS[name].label, "length": length, "skipped": skipped})
            if skipped:
                break


def measure_peer(arguments: argparse.Namespace, name: str, config: ModelConfig, length: int) -> Row:
    limit_s = IMPORTS_S + 3 * arguments.limit
    how = {"threads": arguments.threads, "allocator": arguments.allocator}
    try:
        point = in_child(time_peer, name, config, length, arguments.seconds, **how, limit_s=limit_s)
    except ChildError as error:
        return {"model": PEERS[name].label, "length": length, "skipped": str(error)}
    return row_of(PEERS[name].label, config, length, point.value, point, mode="one strand")


def foreseen(last: Row | None, length: int, limit_s: float) -> str | None:
    """Why a longer point is left out, from the one before: time and memory grow at least with length."""
    if last is None:
        return None
    growth = length / last["length"]
    seconds = last["seconds"] * growth
    if seconds > limit_s:
        return f"about {seconds:.0f} s, above the limit of {limit_s:g}"
    needed_mib = last["start_mib"] + (last["peak_mib"] - last["start_mib"]) * growth
    free = available_memory()
    if free is not None and needed_mib * MIB > 0.9 * free:
        return f"about {needed_mib / 1024:.1f} GiB of memory, {free / 2**30:.1f} free"
    return None


def print_growth(rows: list[Row]) -> None:
    """Memory for one base more, between a model's two longest points; time a base, longest over shortest."""
    by_model: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if "seconds" in row:
            by_model.setdefault((row["model"], row["mode"]), []).append(row)
    for (model, mode), points in by_model.items():
        if len(points) > 1:
            first, *_, last = points = sorted(points, key=lambda row: row["length"])
            before = points[-2]
            slope = (last["peak_mib"] - before["peak_mib"]) * MIB / (last["length"] - before["length"])
            growth = last["us_per_bp"] / first["us_per_bp"]
            print(
                f"{model}, {mode}: {slope:,.0f} bytes for each bp from {before['length']:,} to {last['length']:,} bp; "
                f"a bp takes {growth:.2f} times as long at {last['length']:,} bp as at {first['length']:,}"
            )


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--d-model", type=int, default=256)
    parser.add_argument("--layers", type=int, default=16, help="default %(default)s")
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS, metavar="BP", help="default %(default)s")
    parser.add_argument("--modes", nargs="*", default=["none", "shared"], help="of strands, default %(default)s")
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=["float32"], help="default float32")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS), help="default %(default)s")
    parser.add_argument("--peer-layers", type=int, default=2, help="default %(default)s")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each point, default %(default)s")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds of a peer's longest point, %(default)s")
    parser.add_argument("--allocator", choices=ALLOCATORS, default=ALLOCATORS[0], help="default %(default)s")
    parser.add_argument("--quick", action="store_true", help="a small model, short lengths, within a minute")
    arguments = parser.parse_args()
    if arguments.quick:
        vars(arguments).update(QUICK)
    report, table = Report(arguments), Table(COLUMNS)
    measure_models(arguments, table)
    measure_peers(arguments, table)
    print_growth(table.rows)
    report.write(table.rows, allocator=arguments.allocator, d_model=arguments.d_model)


if __name__ == "__main__":
    main()
