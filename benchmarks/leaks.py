"""How well leaks are found, and how fast: ``python benchmarks/leaks.py [-o RESULTS.json]``.

Windows of 1 kb, copies of random training sequence at some identity (of the bases that differ one in ten is inserted or
deleted, the rest replaced), every other one reverse-complemented, between as many windows of their own. `recall` is the
share of copies of which half or more is found at the right place and strand, `false` the share of the others of which
any is; then time and memory for a held-out tenth of a random genome.
"""

from collections.abc import Iterator

import numpy as np
from measuring import Report, Row, Table, in_child, parser_of, seconds_of

from dna_mamba.alphabet import Codes, reverse_complement_codes
from dna_mamba.data.leaks.search import find_leaks
from dna_mamba.data.leaks.settings import LeakSettings
from dna_mamba.data.leaks.windows import WindowLeak
from dna_mamba.genome import Interval, Strand

WINDOW_BP = 1000
COLUMNS = {
    "what": "<22",
    "sensitive": "<9",
    "recall": "6.3f",
    "share": "5.3f",
    "false": "5.3f",
    "estimate": "8.3f",
    "seconds": "7.1f",
    "peak_mib": "8.0f",
    "others": "6.1f",
}


def copy_of(codes: Codes, identity: float, rng: np.random.Generator) -> Codes:
    """A copy with so many of its bases unchanged, uint8, cut to a window."""
    changed = rng.random(len(codes)) >= identity
    kind = rng.random(len(codes))
    replaced = np.where(changed, (codes + rng.integers(1, 4, len(codes))) % 4, codes).astype(np.uint8)
    times = np.where(changed & (kind < 0.05), 0, np.where(changed & (kind < 0.1), 2, 1))
    return np.repeat(replaced, times)[:WINDOW_BP]


def recall(identity: float, n_copies: int, training_bp: int, *, sensitive: bool) -> Row:
    """Copies found, with the share of their bases and the identity that is estimated."""
    rng = np.random.default_rng(0)
    training = rng.integers(0, 4, training_bp).astype(np.uint8)
    held_out = rng.integers(0, 4, 2 * n_copies * WINDOW_BP).astype(np.uint8)
    starts = rng.integers(0, training_bp - WINDOW_BP, n_copies)
    for i, start in enumerate(starts.tolist()):
        copy = copy_of(training[start : start + WINDOW_BP], identity, rng)
        held_out[2 * i * WINDOW_BP :][: len(copy)] = reverse_complement_codes(copy) if i % 2 else copy
    leaks = search(held_out, training, sensitive=sensitive)
    copies, others = leaks[::2], leaks[1::2]
    found = [leak for i, leak in enumerate(copies) if leak.share >= 0.5 and is_right(leak, int(starts[i]), i % 2 == 1)]
    return {
        "what": f"copies at {identity:.0%}",
        "sensitive": "yes" if sensitive else "no",
        "identity": identity,
        "recall": len(found) / len(copies),
        "share": float(np.mean([leak.share for leak in copies])),
        "false": float(np.mean([leak.share > 0.1 for leak in others])),
        "estimate": float(np.mean([leak.identity for leak in found])) if found else None,
    }


def is_right(leak: WindowLeak, start: int, reverse: bool) -> bool:
    source = leak.source
    strand = Strand.REVERSE if reverse else Strand.FORWARD
    return source is not None and abs(source.start - start) < WINDOW_BP and source.strand == strand


def search(held_out: Codes, training: Codes, *, sensitive: bool) -> list[WindowLeak]:
    genome = {"held": held_out, "train": training}
    places = ([Interval(chrom, 0, len(codes))] for chrom, codes in genome.items())
    return find_leaks(genome, *places, LeakSettings(window_bp=WINDOW_BP, sensitive=sensitive))


def seconds_of_search(genome_bp: int, sensitive: bool) -> float:
    genome = np.random.default_rng(0).integers(0, 4, genome_bp, dtype=np.uint8)
    return seconds_of(lambda: search(genome[: genome_bp // 10], genome[genome_bp // 10 :], sensitive=sensitive))


def rows(identities: list[float], n_copies: int, training_bp: int, genome_bp: int) -> Iterator[Row]:
    for sensitive in (False, True):
        for identity in identities:
            yield recall(identity, n_copies, training_bp, sensitive=sensitive)
    for sensitive in (False, True):
        point = in_child(seconds_of_search, genome_bp, sensitive, threads=1, allocator="system")
        yield {
            "what": f"a tenth of {genome_bp / 1e6:,.0f} Mbp",
            "sensitive": "yes" if sensitive else "no",
            "seconds": point.value,
            "peak_mib": point.peak_bytes / 2**20,
            "others": point.others,
        }


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--identities", type=float, nargs="+", default=[1, 0.98, 0.95, 0.9, 0.85, 0.8, 0.75])
    parser.add_argument("--copies", type=int, default=1000, help="of each identity, default %(default)s")
    parser.add_argument("--training-bp", type=int, default=10_000_000, help="that they are of, default %(default)s")
    parser.add_argument("--genome-bp", type=int, default=100_000_000, help="that is timed, default %(default)s")
    parser.set_defaults(threads=1)
    arguments = parser.parse_args()
    report, table = Report(arguments), Table(COLUMNS)
    for row in rows(arguments.identities, arguments.copies, arguments.training_bp, arguments.genome_bp):
        table.add(row)
    report.write(table.rows)


if __name__ == "__main__":
    main()
