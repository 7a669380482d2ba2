"""Context parallelism: ``python benchmarks/context.py [--ranks N ...] [-o RESULTS.json]``.

Forward and backward pass of a window that is divided over processes of this machine, one thread each: processor seconds
and memory of each rank, beside those of one process. Ranks share the cores, so processor time is what is compared: what
each would take on a machine of its own, without the time that exchanges take between machines. The columns
give the ranks that work most and least, and what one process takes divided by their number.
"""

import argparse
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import torch
import torch.distributed as dist
from measuring import ALLOCATORS, Point, Report, Row, Table, in_child, parser_of

from dna_mamba.models import MaskedLanguageModel, ModelConfig, preset
from dna_mamba.models.context import SequencePart
from dna_mamba.tokenizers import NucleotideTokenizer

MIB = 2**20
COLUMNS = {
    "ranks": "<5",
    "recompute": "<9",
    "most_cpu_s": "8.2f",
    "least_cpu_s": "8.2f",
    "ideal_cpu_s": "8.2f",
    "peak_mib": "7,.0f",
    "start_mib": "7,.0f",
    "difference": "8.1e",
}


class Pass(NamedTuple):
    """Processor seconds of a rank's passes, the least of all repeats, and the loss that all ranks make together."""

    cpu_s: float
    loss: float


def run_rank(config: ModelConfig, length: int, recompute: bool, repeats: int, rank: int, size: int, store: str) -> Pass:
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=size)
    torch.manual_seed(0)
    model = MaskedLanguageModel(config).train()
    model.encoder.recompute = recompute
    bases = torch.from_numpy(model.tokenizer.encode(b"ACGT"))
    ids = bases[torch.randint(len(bases), (1, length))]
    part = None if size == 1 else SequencePart.here(length)
    here = ids if part is None else part.of(ids)
    least, loss = float("inf"), torch.zeros(())
    for _ in range(repeats):
        model.zero_grad()
        dist.barrier()
        started = time.process_time()
        loss = model(here, None, part).logits.log_softmax(-1).gather(2, here[..., None]).sum() / -length
        loss.backward()
        least = min(least, time.process_time() - started)
    total = loss.detach()
    dist.all_reduce(total)
    dist.destroy_process_group()
    return Pass(least, float(total))


def run_ranks(arguments: argparse.Namespace, config: ModelConfig, recompute: bool, size: int) -> list[Point]:
    with tempfile.TemporaryDirectory() as directory, ThreadPoolExecutor(size) as pool:
        store = str(Path(directory) / "store")
        fixed = (config, arguments.window_bp, recompute, arguments.repeats)
        how = {"threads": 1, "allocator": ALLOCATORS[0], "limit_s": 600.0}
        started = [pool.submit(in_child, run_rank, *fixed, rank, size, store, **how) for rank in range(size)]
        return [rank.result() for rank in started]


def measure_ranks(arguments: argparse.Namespace, config: ModelConfig, recompute: bool, size: int, alone: Row) -> Row:
    points = run_ranks(arguments, config, recompute, size)
    seconds = [point.value.cpu_s for point in points]
    return {
        "ranks": size,
        "recompute": "yes" if recompute else "no",
        "window_bp": arguments.window_bp,
        "mode": arguments.mode,
        "most_cpu_s": max(seconds),
        "least_cpu_s": min(seconds),
        "ideal_cpu_s": alone.get("most_cpu_s", max(seconds)) / size,
        "peak_mib": max(point.peak_bytes for point in points) / MIB,
        "start_mib": max(point.start_bytes for point in points) / MIB,
        "difference": abs(points[0].value.loss - alone.get("loss", points[0].value.loss)),
        "loss": points[0].value.loss,
    }


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--size", default="tiny", help="of the model, default %(default)s")
    parser.add_argument("--mode", default="shared", help="of strands, default %(default)s")
    parser.add_argument("--ranks", type=int, nargs="+", default=[2, 4], help="beside one process, default %(default)s")
    parser.add_argument("--window-bp", type=int, default=16384, help="default %(default)s")
    parser.add_argument("--repeats", type=int, default=3, help="of each pass, default %(default)s")
    arguments = parser.parse_args()
    config = preset(arguments.size, NucleotideTokenizer.caduceus().to_config(), reverse_complement=arguments.mode)
    report, table = Report(arguments), Table(COLUMNS)
    for recompute in (False, True):
        alone: Row = {}
        for size in (1, *arguments.ranks):
            row = measure_ranks(arguments, config, recompute, size, alone)
            alone = alone or row
            table.add(row)
    report.write(table.rows)


if __name__ == "__main__":
    main()
