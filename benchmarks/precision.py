"""How near bfloat16 comes to float32: ``python benchmarks/precision.py [--vcf IN.vcf --fasta REF.fa] [-o OUT.json]``.

Scores the same variants in both, block by block in turns, and compares the log-likelihood ratios, in nats: their rank
correlation (Spearman), the largest, 99th percentile and median of their absolute differences, and how many alleles
change sides of zero. ``speed`` is how many times as fast the other precision is as float32, the median over blocks.
Default: the packaged demo. ``--every 20`` takes every twentieth record.
"""

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from measuring import Report, Table, Times, parser_of
from scipy.stats import spearmanr

from dna_mamba.cli.demo import GENOME, VARIANTS
from dna_mamba.defaults import DEFAULT_CONTEXT_BP
from dna_mamba.genome import Variant
from dna_mamba.inference.open import as_model
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.vcf import VcfReader
from dna_mamba.models.precision import in_precision, precision_of
from dna_mamba.scoring.variant_files.survey import alleles_of
from dna_mamba.scoring.variants.scorer import VariantScorer

BLOCK = 256
COLUMNS = {
    "precision": "<10",
    "alleles": "7,d",
    "spearman": "9.6f",
    "largest": "8.5f",
    "p99": "8.5f",
    "median": "8.5f",
    "spread": "7.3f",
    "changed_sign": "6,d",
    "speed": "6.2f",
}


class Scored(NamedTuple):
    """Log-likelihood ratios (n,), NaN where there is none, and the seconds of each block."""

    llr: np.ndarray
    times: Times


def alleles(path: Path, every: int, contigs: dict[str, int | None]) -> Iterator[Variant]:
    with VcfReader(path) as reader:
        contigs.update(reader.contigs)
        for record in islice(reader, 0, None, every):
            yield from alleles_of(record)


def llr_of(scorer: VariantScorer, variants: list[Variant]) -> list[float]:
    """NaN where there is none."""
    found = (scores[0].llr for _, scores in scorer.score(variants, lambda variant: (variant,)))
    return [np.nan if llr is None else llr for llr in found]


def score_in_turns(scorers: dict[str, VariantScorer], variants: list[Variant]) -> dict[str, Scored]:
    """Each block in each precision before the next, so that whatever else the machine does meets all of them."""
    llr: dict[str, list[float]] = {name: [] for name in scorers}
    seconds: dict[str, list[float]] = {name: [] for name in scorers}
    for first in range(0, len(variants), BLOCK):
        for name, scorer in scorers.items():
            started = time.perf_counter()
            llr[name] += llr_of(scorer, variants[first : first + BLOCK])
            seconds[name].append(time.perf_counter() - started)
    return {
        name: Scored(np.array(llr[name]), Times(min(taken), float(np.median(taken)), tuple(taken)))
        for name, taken in seconds.items()
    }


def compared(exact: Scored, other: Scored) -> dict[str, float | int]:
    known = ~np.isnan(exact.llr)
    if not np.array_equal(known, ~np.isnan(other.llr)):
        raise SystemExit("the precisions do not score the same alleles")
    a, b = exact.llr[known], other.llr[known]
    difference = np.abs(a - b)
    return {
        "alleles": int(known.sum()),
        "spearman": float(spearmanr(a, b).statistic),
        "largest": float(difference.max()),
        "p99": float(np.quantile(difference, 0.99)),
        "median": float(np.median(difference)),
        "spread": float(a.std()),
        "changed_sign": int((np.sign(a) != np.sign(b)).sum()),
        "speed": exact.times.over(other.times),
    }


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("-m", "--model", default="yeast-tiny")
    parser.add_argument("--vcf", type=Path, default=VARIANTS)
    parser.add_argument("--fasta", type=Path, default=GENOME)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="take every N-th record, default all")
    parser.add_argument("--context", type=int, default=DEFAULT_CONTEXT_BP)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precisions", nargs="+", default=["bfloat16"], help="beside float32, default %(default)s")
    arguments = parser.parse_args()
    report, contigs = Report(arguments), dict[str, int | None]()
    exact = as_model(arguments.model, arguments.device)
    variants = list(alleles(arguments.vcf, arguments.every, contigs))
    table = Table(COLUMNS)
    with FastaReader(arguments.fasta) as reference:
        models = {"float32": exact} | {name: in_precision(exact, name) for name in arguments.precisions}
        how = {"contig_lengths": contigs, "context_bp": arguments.context, "max_mismatch_share": 1.0}
        scorers = {name: VariantScorer(reference, model, **how) for name, model in models.items()}
        for scorer in scorers.values():
            llr_of(scorer, variants[:8])
        scored = score_in_turns(scorers, variants)
        for name in arguments.precisions:
            table.add({"precision": precision_of(models[name]), **compared(scored["float32"], scored[name])})
    report.write(table.rows, device=arguments.device, model=arguments.model, every=arguments.every)


if __name__ == "__main__":
    main()
