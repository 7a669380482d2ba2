"""A whole optimiser step of pretraining: ``python benchmarks/training_step.py [--size SIZE ...] [-o RESULTS.json]``.

``training.loop.step.train_step`` on one batch of random windows: forward, backward, clipping, AdamW; with and without
recomputation in the backward pass. ``products`` are the matrix products of all the layers alone, forward and backward,
as benchmarks/products.py states them, through the faster library, in the same process and in turns with the step.
Memory is that of a process that takes two steps and nothing else. float32; run on an idle machine.
"""

import argparse

import torch
from measuring import ALLOCATORS, Report, Row, Table, Times, in_child, parser_of, seconds_of, take_turns
from products import Products, each_library, fastest

from dna_mamba.data.batches import Batch
from dna_mamba.models import MaskedLanguageModel, ModelConfig, preset
from dna_mamba.models.memory import Shape, training_memory
from dna_mamba.tokenizers import NucleotideTokenizer
from dna_mamba.training.loop.optimiser import OptimiserConfig, build_optimiser
from dna_mamba.training.loop.step import train_step
from dna_mamba.training.pretrain.loss import MaskedObjective
from dna_mamba.training.pretrain.shares import BatchShare

MIB = 2**20
MASKED_SHARE = 0.15
COLUMNS = {
    "size": "<6",
    "recompute": "<9",
    "us_per_bp": "8.2f",
    "products_us_per_bp": "8.2f",
    "ratio": "5.2f",
    "ratio_of_bests": "5.2f",
    "start_mib": "7,.0f",
    "peak_mib": "7,.0f",
    "estimated_mib": "7,.0f",
    "others": "4.2f",
}


class Step:
    """A model, its optimiser and a batch, ready to be stepped."""

    def __init__(self, config: ModelConfig, shape: Shape, *, recompute: bool) -> None:
        torch.manual_seed(0)
        self.model = MaskedLanguageModel(config).train()
        self.model.encoder.recompute = recompute
        self._settings = OptimiserConfig()
        self._optimiser = build_optimiser(self.model, self._settings)
        self._objective = MaskedObjective(self.model, torch.float32)
        self._batches = [BatchShare(random_batch(self.model, shape), None)]

    def take(self) -> None:
        clip_norm = self._settings.clip_norm
        result = train_step(self.model, self._optimiser, self._objective, self._batches, clip_norm=clip_norm)
        if not result.finite:
            raise ArithmeticError(f"loss {result.loss_nats}, gradient norm {result.gradient_norm}")


def random_batch(model: MaskedLanguageModel, shape: Shape) -> Batch:
    """Random bases; ``MASKED_SHARE`` of them masked and asked for."""
    bases = torch.from_numpy(model.tokenizer.encode(b"ACGT"))
    targets = bases[torch.randint(len(bases), shape)]
    chosen = torch.rand(shape) < MASKED_SHARE
    return Batch(targets.masked_fill(chosen, model.tokenizer.mask_id), targets, chosen.float(), None, ())


def strands_of(config: ModelConfig) -> int:
    """How many of them a training step reads for each window."""
    return 2 if config.reverse_complement == "shared" else 1


def time_step(config: ModelConfig, shape: Shape, recompute: bool, seconds: float) -> dict[str, Times]:
    step = Step(config, shape, recompute=recompute)
    products = Products(config, strands_of(config) * shape.sequences, shape.length)
    return take_turns({"step": step.take, **each_library(products.training, config.n_layer)}, seconds)


def remember_step(config: ModelConfig, shape: Shape, recompute: bool) -> int:
    """Two steps, the second with the optimiser's moments in place; gives the number of parameters."""
    step = Step(config, shape, recompute=recompute)
    seconds_of(step.take)
    seconds_of(step.take)
    return step.model.n_parameters


def measure_step(arguments: argparse.Namespace, size: str, recompute: bool) -> Row:
    shape = Shape(arguments.windows, arguments.window_bp)
    config = preset(size, NucleotideTokenizer.caduceus().to_config(), reverse_complement=arguments.mode)
    how = {"threads": arguments.threads, "allocator": arguments.allocator}
    timed = in_child(time_step, config, shape, recompute, arguments.seconds, **how)
    step, (library, products) = timed.value["step"], fastest(timed.value)
    memory = in_child(remember_step, config, shape, recompute, **how)
    strands = shape._replace(sequences=strands_of(config) * shape.sequences)
    estimated = memory.start_bytes + training_memory(config, strands, memory.value, recompute=recompute).total
    return {
        "size": size,
        "recompute": "yes" if recompute else "no",
        "mode": arguments.mode,
        "windows": shape.sequences,
        "window_bp": shape.length,
        "parameters": memory.value,
        "us_per_bp": step.median / shape.positions * 1e6,
        "products_us_per_bp": products.median / shape.positions * 1e6,
        "library": library,
        "ratio": step.over(products),
        "ratio_of_bests": step.best / products.best,
        "repeats": step.repeats,
        "start_mib": memory.start_bytes / MIB,
        "peak_mib": memory.peak_bytes / MIB,
        "estimated_mib": estimated / MIB,
        "others": timed.others,
    }


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--size", nargs="+", default=["tiny", "small"], help="default %(default)s")
    parser.add_argument("--recompute", nargs="+", choices=["no", "yes"], default=["no", "yes"], help="default both")
    parser.add_argument("--mode", default="augment", help="of strands, default %(default)s")
    parser.add_argument("--windows", type=int, default=16, help="in a batch, default %(default)s")
    parser.add_argument("--window-bp", type=int, default=512, help="default %(default)s")
    parser.add_argument("--seconds", type=float, default=10.0, help="for each number, default %(default)s")
    parser.add_argument("--allocator", choices=ALLOCATORS, default=ALLOCATORS[0], help="default %(default)s")
    arguments = parser.parse_args()
    report, table = Report(arguments), Table(COLUMNS)
    for size in arguments.size:
        for recompute in arguments.recompute:
            table.add(measure_step(arguments, size, recompute == "yes"))
    report.write(table.rows, allocator=arguments.allocator)


if __name__ == "__main__":
    main()
