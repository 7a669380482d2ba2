"""One bidirectional layer against its own matrix products: ``python benchmarks/layer.py [-o RESULTS.json]``.

``forward`` is the inference path (``models.streaming.run_layers``, this machine's budget), ``training`` a forward and
a backward pass with gradients of input and parameters; ``in bfloat16`` the same with weights in bfloat16 and a float32
residual stream, and under autocast. All four are held against the layer's float32 products alone, as
benchmarks/products.py states them, through the faster of torch's libraries, in the same process and in turns with the
layer. ``long`` is the inference path over one long sequence, ``short`` over short ones, per token. Each of two
allocators has its own process: ``retained`` keeps freed memory, as the command line does, ``system`` is the C library's
default. Run on an idle machine.
"""

import argparse
from collections.abc import Callable
from contextlib import nullcontext
from typing import NamedTuple

import torch
from measuring import ALLOCATORS, Report, Row, Table, Times, in_child, parser_of, take_turns
from products import Products, each_library, fastest

from dna_mamba.models import ModelConfig
from dna_mamba.models.encoder import Layer
from dna_mamba.models.memory import affordable_budget
from dna_mamba.models.streaming import run_layers
from dna_mamba.tokenizers import NucleotideTokenizer


class Target(NamedTuple):
    """At most so many times what a measurement is held against."""

    wanted: float
    stretch: float | None = None


TARGETS = {
    "forward": Target(1.5, 1.35),
    "forward in bfloat16": Target(0.9, 0.75),
    "training": Target(2.0, 1.7),
    "training in bfloat16": Target(1.3, 1.0),
    "long": Target(1.15),
}
SHORTS = 8
"""Short sequences in a turn, so that a turn is long enough to be timed well."""
COLUMNS = {
    "allocator": "<9",
    "what": "<20",
    "us_per_token": "7.2f",
    "against": "<15",
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


def training(layer: Layer, length: int, *, in_bfloat16: bool = False) -> Callable[[], None]:
    x_BLD = torch.randn(1, length, layer.norm.normalized_shape[0], requires_grad=True)
    leaves, dy_BLD = [x_BLD, *layer.parameters()], torch.randn_like(x_BLD)

    def run() -> None:
        with torch.autocast("cpu", torch.bfloat16) if in_bfloat16 else nullcontext():
            y_BLD = layer(x_BLD)
        torch.autograd.grad(y_BLD, leaves, dy_BLD)

    return run


def time_forward(config: ModelConfig, length: int, seconds: float) -> dict[str, Times]:
    calls = {
        "forward": inference(Layer(config), length),
        "forward in bfloat16": inference(Layer(config).bfloat16(), length),
    }
    return take_turns({**calls, **each_library(Products(config, 1, length).forward)}, seconds)


def time_training(config: ModelConfig, length: int, seconds: float) -> dict[str, Times]:
    calls = {
        "training": training(Layer(config), length),
        "training in bfloat16": training(Layer(config), length, in_bfloat16=True),
    }
    return take_turns({**calls, **each_library(Products(config, 1, length).training)}, seconds)


def time_long(config: ModelConfig, length: int, long_length: int, seconds: float) -> dict[str, Times]:
    layer = Layer(config)
    return take_turns({"long": inference(layer, long_length), "short": inference(layer, length, SHORTS)}, seconds)


class Run(NamedTuple):
    """How often something was run, and over how many tokens each time."""

    times: Times
    tokens: int

    @property
    def median_us(self) -> float:
        """Per token."""
        return self.times.median / self.tokens * 1e6

    @property
    def best_us(self) -> float:
        """Per token."""
        return self.times.best / self.tokens * 1e6


def row_of(what: str, mine: Run, against: str, its: Run) -> Row:
    """What was measured, what it is held against, and whether it is as good as it should be."""
    ratio = mine.times.over(its.times) * its.tokens / mine.tokens
    return {
        "what": what,
        "tokens": mine.tokens,
        "us_per_token": mine.median_us,
        "best_us_per_token": mine.best_us,
        "against": against,
        "its_us_per_token": its.median_us,
        "its_best_us_per_token": its.best_us,
        "ratio": ratio,
        "ratio_of_bests": mine.best_us / its.best_us,
        "repeats": mine.times.repeats,
        "target": TARGETS[what].wanted,
        "verdict": verdict(ratio, TARGETS[what]),
    }


def verdict(ratio: float, target: Target) -> str:
    if ratio > target.wanted:
        return f"misses it by {ratio / target.wanted - 1:.1%}"
    if target.stretch and ratio > target.stretch:
        return f"holds it, not {target.stretch:g}"
    return f"holds even {target.stretch:g}" if target.stretch else "holds it"


def against_products(times: dict[str, Times], length: int) -> list[Row]:
    """A row for each thing that is not a library's products."""
    library, products = fastest(times)
    measured = {name: Run(taken, length) for name, taken in times.items() if name in TARGETS}
    return [row_of(name, run, f"{library} products", Run(products, length)) for name, run in measured.items()]


def compare(arguments: argparse.Namespace, config: ModelConfig) -> list[Row]:
    table, seconds, length = Table(COLUMNS), arguments.seconds, arguments.length
    for allocator in arguments.allocators:
        how = {"threads": arguments.threads, "allocator": allocator}
        point = in_child(time_forward, config, length, seconds, **how)
        rows = [(row, point) for row in against_products(point.value, length)]
        point = in_child(time_training, config, arguments.training_length, seconds, **how)
        rows += [(row, point) for row in against_products(point.value, arguments.training_length)]
        if arguments.long_length:
            point = in_child(time_long, config, length, arguments.long_length, 10 * seconds, **how)
            long, short = point.value["long"], point.value["short"]
            runs = Run(long, arguments.long_length), Run(short, SHORTS * length)
            rows.append((row_of("long", runs[0], "short", runs[1]), point))
        for row, point in rows:
            table.add({"allocator": allocator, **row, "others": point.others})
    return table.rows


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--d-model", type=int, default=256)
    parser.add_argument("--d-state", type=int, default=16)
    parser.add_argument("--length", type=int, default=2**14, help="tokens, default %(default)s")
    parser.add_argument("--training-length", type=int, default=2**12, help="tokens, default %(default)s")
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
