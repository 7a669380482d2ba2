"""One bidirectional layer against its own matrix products: ``python benchmarks/layer.py [-o RESULTS.json]``.

``forward`` is the inference path (``models.streaming.run_layers``, this machine's budget), ``training`` a forward and
a backward pass with gradients of input and parameters; ``products`` are the layer's matrix products alone, as
benchmarks/products.py states them, in the same process and in turns with the layer. ``long`` is the inference path over
one long sequence, ``short`` over short ones, per token. Each of two allocators has its own process: ``retained`` keeps
freed memory, as the command line does, ``system`` is the C library's default. float32; run on an idle machine.
"""

import argparse
from collections.abc import Callable
from typing import NamedTuple

import torch
from measuring import ALLOCATORS, Report, Row, Table, Times, in_child, parser_of, take_turns
from products import Products

from dna_mamba.models import ModelConfig
from dna_mamba.models.encoder import Layer
from dna_mamba.models.memory import affordable_budget
from dna_mamba.models.streaming import run_layers
from dna_mamba.tokenizers import NucleotideTokenizer


class Target(NamedTuple):
    """At most so many times what a measurement is held against."""

    wanted: float
    stretch: float | None = None


TARGETS = {"forward": Target(1.8, 1.5), "training": Target(2.5, 2.0), "long": Target(1.15)}
SHORTS = 8
"""Short sequences in a turn, so that a turn is long enough to be timed well."""
COLUMNS = {
    "allocator": "<9",
    "what": "<9",
    "us_per_token": "7.2f",
    "against": "<9",
    "its_us_per_token": "7.2f",
    "ratio": "5.2f",
    "ratio_of_bests": "5.2f",
    "target": "5.2f",
    "others": "4.2f",
    "verdict": "<20",
}


def inference(layer: Layer, length: int, times: int = 1) -> Callable[[], None]:
    residual_BLD = torch.randn(1, length, layer.norm.normalized_shape[0])
    budget = affordable_budget(residual_BLD.device, residual_BLD.nbytes)

    def run() -> None:
        for _ in range(times):
            run_layers([layer], residual_BLD, None, budget)

    return run


def training(layer: Layer, length: int) -> Callable[[], None]:
    x_BLD = torch.randn(1, length, layer.norm.normalized_shape[0], requires_grad=True)
    leaves, dy_BLD = [x_BLD, *layer.parameters()], torch.randn_like(x_BLD)

    def run() -> None:
        torch.autograd.grad(layer(x_BLD), leaves, dy_BLD)

    return run


def time_forward(config: ModelConfig, length: int, seconds: float) -> dict[str, Times]:
    products = Products(config, 1, length)
    return take_turns({"forward": inference(Layer(config), length), "products": products.forward}, seconds)


def time_training(config: ModelConfig, length: int, seconds: float) -> dict[str, Times]:
    products = Products(config, 1, length)
    return take_turns({"training": training(Layer(config), length), "products": products.training}, seconds)


def time_long(config: ModelConfig, length: int, long_length: int, seconds: float) -> dict[str, Times]:
    layer = Layer(config)
    return take_turns({"long": inference(layer, long_length), "short": inference(layer, length, SHORTS)}, seconds)


def row_of(allocator: str, times: dict[str, Times], tokens: dict[str, int]) -> Row:
    """What was measured, what it is held against, and whether it is as good as it should be."""
    (what, mine), (against, its) = times.items()
    ratio = mine.over(its) * tokens[against] / tokens[what]
    return {
        "allocator": allocator,
        "what": what,
        "tokens": tokens[what],
        "us_per_token": mine.median / tokens[what] * 1e6,
        "best_us_per_token": mine.best / tokens[what] * 1e6,
        "against": against,
        "its_us_per_token": its.median / tokens[against] * 1e6,
        "its_best_us_per_token": its.best / tokens[against] * 1e6,
        "ratio": ratio,
        "ratio_of_bests": mine.best / its.best * tokens[against] / tokens[what],
        "repeats": mine.repeats,
        "target": TARGETS[what].wanted,
        "verdict": verdict(ratio, TARGETS[what]),
    }


def verdict(ratio: float, target: Target) -> str:
    if ratio > target.wanted:
        return f"misses it by {ratio / target.wanted - 1:.1%}"
    if target.stretch and ratio > target.stretch:
        return f"holds it, not {target.stretch:g}"
    return f"holds even {target.stretch:g}" if target.stretch else "holds it"


def compare(arguments: argparse.Namespace, config: ModelConfig) -> list[Row]:
    table, length, long_length = Table(COLUMNS), arguments.length, arguments.long_length
    alike = {name: length for name in ("forward", "training", "products")}
    for allocator in arguments.allocators:
        runs: list[tuple[Callable[..., dict[str, Times]], tuple[int, ...], dict[str, int], float]] = [
            (time_forward, (length,), alike, arguments.seconds),
            (time_training, (length,), alike, arguments.seconds),
            (time_long, (length, long_length), {"long": long_length, "short": SHORTS * length}, 10 * arguments.seconds),
        ]
        for function, lengths, tokens, seconds in runs[: None if long_length else -1]:
            point = in_child(function, config, *lengths, seconds, threads=arguments.threads, allocator=allocator)
            table.add({**row_of(allocator, point.value, tokens), "others": point.others})
    return table.rows


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--d-model", type=int, default=256)
    parser.add_argument("--d-state", type=int, default=16)
    parser.add_argument("--length", type=int, default=2**14, help="tokens, default %(default)s")
    parser.add_argument("--long-length", type=int, default=2**20, help="default %(default)s; 0 leaves it out")
    parser.add_argument("--allocators", nargs="+", choices=ALLOCATORS, default=ALLOCATORS, help="default both")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each number, default %(default)s")
    arguments = parser.parse_args()
    config = ModelConfig(
        d_model=arguments.d_model,
        d_state=arguments.d_state,
        n_layer=1,
        reverse_complement="none",
        tokenizer=NucleotideTokenizer.caduceus().to_config(),
    )
    report = Report(arguments)
    print(f"d_model {config.d_model}, d_inner {config.d_inner}, d_state {config.d_state}, dt_rank {config.dt_rank}")
    report.write(compare(arguments, config), config=config.model_dump(mode="json"))


if __name__ == "__main__":
    main()
