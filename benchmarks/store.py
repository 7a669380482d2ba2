"""Speed of the genome store: ``python benchmarks/store.py [GENOME.fa[.gz]] [-o RESULTS.json]``.

Packing (reading, hashing and writing included), windows at random places, and the share of a training step that
making its batch takes: windows, strands, tokens and masks, in turns with the step. Without a file a random genome is
made, plain and as BGZF. Windows come from the page cache, as they do after the first epoch of most genomes.
"""

import argparse
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from measuring import Report, Row, Table, measure, parser_of, take_turns
from tokenizing import N_WINDOWS, write_genome
from training_step import Step

from dna_mamba.data.batches import MaskedBatches, Stage
from dna_mamba.data.masking import MaskingPolicy
from dna_mamba.data.sampling import WindowSampler
from dna_mamba.data.store import GenomeStore, find_sources, pack_genomes
from dna_mamba.genome import Interval
from dna_mamba.models import preset
from dna_mamba.models.memory import Shape
from dna_mamba.tokenizers import NucleotideTokenizer

WINDOWS_BP = (1_000, 131_072)
COLUMNS = {"what": "<24", "of": "<16", "speed": "10,.1f", "unit": "<16"}


def time_packing(path: Path, target: Path, seconds: float) -> Row:
    taken = measure(partial(pack_genomes, find_sources([path]), target, force=True), seconds)
    n_bp = sum(genome.bp for genome in GenomeStore(target).genomes)
    return {"what": "pack", "of": path.name, "speed": n_bp / taken.best / 1e6, "unit": "Mbp/s"}


def time_windows(store: GenomeStore, name: str, seconds: float) -> Iterator[Row]:
    rng = np.random.default_rng(0)
    chrom = max(store, key=lambda chrom: len(store[chrom]))
    for window_bp in (min(bp, len(store[chrom])) for bp in WINDOWS_BP):
        starts = rng.integers(0, len(store[chrom]) - window_bp + 1, N_WINDOWS).tolist()
        taken = measure(partial(read_windows, store, chrom, starts, window_bp), seconds)
        speed = N_WINDOWS * window_bp / taken.best / 1e6
        yield {"what": f"windows of {window_bp:,} bp", "of": name, "speed": speed, "unit": "Mbp/s"}


def read_windows(store: GenomeStore, chrom: str, starts: list[int], window_bp: int) -> None:
    for start in starts:
        store[chrom][start : start + window_bp]


def time_loading(store: GenomeStore, name: str, arguments: argparse.Namespace) -> Row:
    """Batches one after the other, beside a whole optimiser step on as many bases."""
    tokenizer = NucleotideTokenizer.caduceus()
    places = [Interval(chrom, 0, len(contig)) for chrom, contig in store.items()]
    sampler = WindowSampler(places, arguments.window_bp, seed=0, both_strands=True)
    batches = MaskedBatches(store, [Stage(0, sampler, arguments.windows)], tokenizer, MaskingPolicy(), seed=0)
    steps = iter(range(2**31))
    config = preset(arguments.size, tokenizer.to_config(), reverse_complement="augment")
    step = Step(config, Shape(arguments.windows, arguments.window_bp), recompute=False)
    taken = take_turns({"load": lambda: batches[next(steps)], "step": step.take}, arguments.seconds)
    share = 100 * taken["load"].over(taken["step"])
    what = f"batch of {arguments.windows} x {arguments.window_bp}"
    return {"what": what, "of": name, "speed": share, "unit": f"% of a {arguments.size} step"}


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("genome", nargs="?", type=Path, help="FASTA to pack; default a random one")
    parser.add_argument("--genome-bp", type=int, default=64_000_000, help="length of the random one, %(default)s")
    parser.add_argument("--size", default="tiny", help="of the model that is stepped, default %(default)s")
    parser.add_argument("--windows", type=int, default=16, help="in a batch, default %(default)s")
    parser.add_argument("--window-bp", type=int, default=512, help="of a batch, default %(default)s")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each number, default %(default)s")
    parser.set_defaults(threads=1)
    arguments = parser.parse_args()
    report, table = Report(arguments), Table(COLUMNS)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        rng = np.random.default_rng(0)
        paths = [arguments.genome] if arguments.genome else write_genome(directory, arguments.genome_bp, rng)
        for path in paths:
            table.add(time_packing(path, directory / "store", arguments.seconds))
        store = GenomeStore(directory / "store")
        for row in time_windows(store, paths[-1].name, arguments.seconds):
            table.add(row)
        table.add(time_loading(store, paths[-1].name, arguments))
    report.write(table.rows)


if __name__ == "__main__":
    main()
