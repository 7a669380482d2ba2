"""A whole encoder beside Transformers, at the lengths people use: ``python benchmarks/attention.py [-o RESULTS.json]``.

Ours (16 layers of 256 channels, a token a base, one strand, float32 and bfloat16) and Transformers of random weights
in float32 with torch's fused attention (``peers.TRANSFORMERS``; ``pip install transformers``), which take turns in one
process with the same threads. ``us_per_bp`` is the median; ``float32_is`` and ``bfloat16_is`` how many times as fast
ours in that precision is, the median over turns: above 1 ours is ahead. Six minutes on two idle cores.
"""

import argparse
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

import torch
from measuring import Report, Table, parser_of, take_turns
from peers import TRANSFORMERS, TransformerShape, transformer

from dna_mamba.cli.options import retain_freed_memory
from dna_mamba.models import MaskedLanguageModel, ModelConfig
from dna_mamba.models.precision import in_precision
from dna_mamba.tokenizers import NucleotideTokenizer

OURS = {"float32": "dna-mamba float32", "bfloat16": "dna-mamba bfloat16"}
COLUMNS = {
    "length": "7,d",
    "model": "<24",
    "parameters_m": "6.1f",
    "tokens": "7,d",
    "us_per_bp": "9.2f",
    "repeats": "3d",
    "float32_is": "6.2f",
    "bfloat16_is": "6.2f",
}


def our_model(arguments: argparse.Namespace) -> MaskedLanguageModel:
    tokenizer = NucleotideTokenizer.caduceus().to_config()
    sizes = {"d_model": arguments.d_model, "n_layer": arguments.layers, "reverse_complement": "none"}
    torch.manual_seed(0)
    return MaskedLanguageModel(ModelConfig.model_validate(sizes | {"tokenizer": tokenizer})).eval()


@torch.inference_mode()
def run(model: Callable[[torch.Tensor], object], ids_BL: torch.Tensor) -> None:
    model(ids_BL)


def shapes_for(length: int, arguments: argparse.Namespace) -> list[TransformerShape]:
    """Transformers of single bases as far as ``--longest-single``: their attention grows with the square."""
    if find_spec("transformers") is None:
        return []
    return [shape for shape in TRANSFORMERS if shape.bp_per_token > 1 or length <= arguments.longest_single]


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--lengths", type=int, nargs="+", default=[1536, 6144, 12288, 32768], metavar="BP")
    parser.add_argument("--d-model", type=int, default=256)
    parser.add_argument("--layers", type=int, default=16, help="default %(default)s")
    parser.add_argument("--longest-single", type=int, default=12288, help="for single bases, default %(default)s")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each point, default %(default)s")
    parser.add_argument("--turns", type=int, default=3, help="at least, default %(default)s")
    arguments = parser.parse_args()
    report, table = Report(arguments), Table(COLUMNS)
    retain_freed_memory()
    if not shapes_for(1, arguments):
        print("Transformers are left out: pip install transformers")
    exact = our_model(arguments)
    for length in arguments.lengths:
        measure_length(length, exact, arguments, table)
    report.write(table.rows)


def measure_length(length: int, exact: MaskedLanguageModel, arguments: argparse.Namespace, table: Table) -> None:
    models = {name: in_precision(exact, precision) for precision, name in OURS.items()}
    ids = {name: torch.randint(7, 11, (1, length)) for name in models}
    for shape in shapes_for(length, arguments):
        models[shape.name] = transformer(shape, length)
        ids[shape.name] = torch.randint(4, shape.vocab_size, (1, length // shape.bp_per_token))
    calls = {name: partial(run, model, ids[name]) for name, model in models.items()}
    times = take_turns(calls, arguments.seconds, arguments.turns)
    for name, model in models.items():
        table.add(
            {
                "length": length,
                "model": name,
                "parameters_m": sum(p.numel() for p in model.parameters()) / 1e6,
                "tokens": ids[name].shape[1],
                "us_per_bp": times[name].median / length * 1e6,
                "repeats": times[name].repeats,
                **{f"{precision}_is": times[name].over(times[ours]) for precision, ours in OURS.items()},
            }
        )


if __name__ == "__main__":
    main()
