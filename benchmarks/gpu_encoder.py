"""A whole encoder, training steps, its products alone and a chromosome: part 2 of benchmarks/gpu.py."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import torch
from card import Card
from torch import Tensor, nn
from torch.nn import functional as F

Row = dict[str, Any]
ROOT = Path(__file__).resolve().parents[1]
VOCABULARY = 16


class Plan(NamedTuple):
    """Which sizes are measured."""

    d_model: int = 256
    n_layer: int = 16
    shapes: tuple[tuple[int, int], ...] = ((1, 2**13), (8, 2**13), (1, 2**17), (1, 2**20))
    training: tuple[tuple[int, int], ...] = ((8, 2**13), (1, 2**17))
    chromosomes_bp: tuple[int, ...] = (1_531_933, 46_709_983)
    """Yeast's longest, chromosome IV (sacCer3), and the human chromosome 21 (GRCh38)."""


DRY = Plan(8, 2, ((1, 24),), ((2, 16),), (100,))


def rows(card: Card, plan: Plan, *, plain: bool) -> Iterator[Row]:
    """Inference and training in float32, in TF32 and in bfloat16; then chromosomes in bfloat16."""
    for name, dtype, tf32 in (("float32", torch.float32, False), ("tf32", torch.float32, True),
                              ("bfloat16", torch.bfloat16, True)):  # fmt: skip
        with matrix_products_in(tf32=tf32):
            encoder = make_encoder(plan, plain=plain).to(card.device, dtype)
            for batch, length in plan.shapes:
                yield {"operation": "encoder", "batch": batch, "length": length, "dtype": name,
                       **inference(card, encoder, batch, length)}  # fmt: skip
            for batch, length in plan.training:
                yield {"operation": "training step", "batch": batch, "length": length, "dtype": name,
                       **training(card, encoder, batch, length)}  # fmt: skip
    encoder = make_encoder(plan, plain=plain).to(card.device, torch.bfloat16)
    for length in plan.chromosomes_bp:
        ids = random_ids(card, 1, length)
        with torch.no_grad():
            peak = card.peak_bytes(lambda e=encoder, i=ids: e(i))
            seconds = card.first(lambda e=encoder, i=ids: e(i))
        yield {"operation": "chromosome", "batch": 1, "length": length, "dtype": "bfloat16", "forward_s": seconds,
               "peak_bytes": peak}  # fmt: skip


def inference(card: Card, encoder: nn.Module, batch: int, length: int) -> Row:
    """Seconds of the encoder and of the products of its layers alone."""
    ids = random_ids(card, batch, length)
    encoder.eval()
    with torch.no_grad():
        forward_s = card.measure(lambda: encoder(ids))
        peak = card.peak_bytes(lambda: encoder(ids))
        products_s = card.measure(products(encoder, batch, length))
    return {"forward_s": forward_s, "products_s": products_s, "peak_bytes": peak}


def training(card: Card, encoder: nn.Module, batch: int, length: int) -> Row:
    """Seconds of an optimiser step on random bases, layers recomputed; the step is the training loop's own."""
    train_step = _file(ROOT / "dna_mamba/training/loop/step.py").train_step
    encoder.train()
    vars(encoder)["recompute"] = True
    optimiser = torch.optim.AdamW(encoder.parameters(), lr=1e-6)
    ids = random_ids(card, batch, length)

    def step() -> None:
        result = train_step(encoder, optimiser, _EveryBase(encoder), [ids], clip_norm=1.0)
        if not result.finite:
            raise ArithmeticError(f"loss {result.loss_nats}, gradient norm {result.gradient_norm}")

    found = {"step_s": card.measure(step), "peak_bytes": card.peak_bytes(step)}
    optimiser.zero_grad(set_to_none=True)
    return found


class _EveryBase:
    """The loss of all bases of a batch, each of weight 1."""

    def __init__(self, encoder: nn.Module) -> None:
        self._encoder = encoder

    def __call__(self, ids_BL: Tensor) -> Tensor:
        logits_BLV = F.linear(self._encoder(ids_BL), self._encoder.embedding.weight)
        return F.cross_entropy(logits_BLV.float().flatten(0, 1), ids_BL.flatten(), reduction="sum")

    def weight(self, ids_BL: Tensor) -> Tensor:
        return torch.tensor(float(ids_BL.numel()), device=ids_BL.device)

    def tokens(self, ids_BL: Tensor) -> int:
        return ids_BL.numel()


def products(encoder: nn.Module, batch: int, length: int) -> Callable[[], None]:
    """The matrix products of every layer, outputs dropped; one position after the other in memory, as in a layer."""
    weights = [m.weight for layer in encoder.layers for m in layer.modules() if isinstance(m, nn.Linear)]
    inputs = {w.shape[1]: w.new_empty(batch, length, w.shape[1]).normal_() for w in weights}

    def run() -> None:
        for weight in weights:
            F.linear(inputs[weight.shape[1]], weight)

    return run


def random_ids(card: Card, batch: int, length: int) -> Tensor:
    return torch.randint(0, VOCABULARY, (batch, length), device=card.device)


@contextmanager
def matrix_products_in(*, tf32: bool) -> Iterator[None]:
    """Products of float32 in TF32, or not."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if tf32 else "highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def make_encoder(plan: Plan, *, plain: bool) -> nn.Module:
    """Random weights, the same each time; ``plain``: from a namespace in place of the configuration."""
    torch.manual_seed(0)
    sizes = {"d_model": plan.d_model, "n_layer": plan.n_layer}
    if plain:
        _without_configuration()
        config: Any = SimpleNamespace(
            **sizes, d_inner=2 * plan.d_model, d_state=16, d_conv=4, expand=2, dt_rank=-(-plan.d_model // 16),
            norm="rms", norm_eps=1e-5, conv_bias=True, proj_bias=False, combine="add", tied=True,
            residual_in_fp32=False, complemented_input=False, num_labels=0, reverse_complement="none",
        )  # fmt: skip
    else:
        from dna_mamba.models.config import ModelConfig

        config = ModelConfig(**sizes, reverse_complement="none", tokenizer={"kind": "nucleotide"})
    from dna_mamba.models.encoder import Encoder

    return Encoder(config, vocab_size=VOCABULARY)


def _without_configuration() -> None:
    """Lets encoder and training step be imported where pydantic is not: only their configurations need that."""
    if "dna_mamba.models.config" in sys.modules:
        return
    package, config = ModuleType("dna_mamba.models"), ModuleType("dna_mamba.models.config")
    package.__path__ = [str(ROOT / "dna_mamba/models")]
    vars(config)["ModelConfig"] = SimpleNamespace
    distributed = ModuleType("dna_mamba.training.distributed.config")
    vars(distributed)["DistributedConfig"] = SimpleNamespace
    sys.modules |= {module.__name__: module for module in (package, config, distributed)}


def _file(path: Path) -> Any:
    """A module by its file, without the package around it."""
    spec = importlib.util.spec_from_file_location(f"benchmarked_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
