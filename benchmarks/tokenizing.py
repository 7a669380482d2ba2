"""Speed of tokenizers and of reading FASTA: ``python benchmarks/tokenizing.py [GENOME.fa[.gz]] [-o RESULTS.json]``.

Without a file a random genome is made, plain and as BGZF. Speeds are the best of several runs.
"""

import gzip
import os
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
from measuring import Report, Row, Table, measure, parser_of

from dna_mamba.io.bgzf import BgzfWriter
from dna_mamba.io.fasta import FastaReader, read_fasta
from dna_mamba.tokenizers import BPETokenizer, KmerTokenizer, NucleotideTokenizer, Tokenizer

SEQUENCE_BP = 1_000_000
WINDOWS_BP = (1_000, 131_072)
N_WINDOWS = 300
COLUMNS = {"what": "<22", "of": "<16", "speed": "10,.1f", "unit": "<9"}


def write_genome(directory: Path, genome_bp: int, rng: np.random.Generator) -> list[Path]:
    """A random genome with soft-masked stretches, 60 bases a line, as plain and as BGZF FASTA."""
    letters = rng.choice(np.frombuffer(b"ACGT", dtype=np.uint8), genome_bp // 60 * 60)
    letters[letters.size // 3 : letters.size // 2] |= 0x20
    lines = np.full((letters.size // 60, 61), ord("\n"), dtype=np.uint8)
    lines[:, :60] = letters.reshape(-1, 60)
    text = b">chr1 random\n" + lines.tobytes()
    plain, packed = directory / "random.fa", directory / "random.fa.gz"
    plain.write_bytes(text)
    with open(packed, "wb") as file:
        writer = BgzfWriter(file, level=1)
        writer.write(text)
        writer.finish()
    return [plain, packed]


def time_tokenizers(sequence: bytes, seconds: float) -> Iterator[Row]:
    tokenizers: dict[str, Tokenizer] = {
        "nucleotide": NucleotideTokenizer.caduceus(),
        "6-mer, stride 1": KmerTokenizer(6),
        "6-mer, stride 6": KmerTokenizer(6, 6),
        "BPE of 512": BPETokenizer.train([sequence[:200_000]], 512),
    }
    for name, tokenizer in tokenizers.items():
        taken = measure(partial(tokenizer.encode, sequence), seconds)
        yield {"what": "tokenize", "of": name, "speed": len(sequence) / taken.best / 1e6, "unit": "Mbp/s"}


def unpacked_bytes(path: Path) -> int:
    with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
        return sum(len(chunk) for chunk in iter(lambda: file.read(1 << 20), b""))


def index_afresh(path: Path) -> None:
    """With an empty cache each time, so that the file is read and not its index."""
    with tempfile.TemporaryDirectory() as cache, mock.patch.dict(os.environ, XDG_CACHE_HOME=cache):
        FastaReader(path).close()


def stream(path: Path) -> int:
    return sum(len(record.sequence) for record in read_fasta(path))


def time_reading(path: Path, rng: np.random.Generator, seconds: float) -> Iterator[Row]:
    megabytes = unpacked_bytes(path) / 1e6
    for what, call in (("index", index_afresh), ("stream", stream)):
        taken = measure(partial(call, path), seconds)
        yield {"what": what, "of": path.name, "speed": megabytes / taken.best, "unit": "MB/s"}
    with FastaReader(path) as genome:
        for window_bp in WINDOWS_BP:
            taken = measure(partial(fetch_windows, genome, window_bp, rng), seconds)
            what = f"windows of {window_bp:,} bp"
            yield {"what": what, "of": path.name, "speed": N_WINDOWS / taken.best, "unit": "windows/s"}


def fetch_windows(genome: FastaReader, window_bp: int, rng: np.random.Generator) -> None:
    contig = max(genome.contigs, key=lambda contig: contig.length)
    for start in rng.integers(0, max(1, contig.length - window_bp), N_WINDOWS).tolist():
        genome.window(contig.chrom, start, start + window_bp)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("genome", nargs="?", type=Path, help="FASTA to read; default a random one")
    parser.add_argument("--genome-bp", type=int, default=64_000_000, help="length of the random one, %(default)s")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each number, default %(default)s")
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    sequence = rng.choice(np.frombuffer(b"ACGTacgtN", dtype=np.uint8), min(SEQUENCE_BP, arguments.genome_bp)).tobytes()
    report, table = Report(arguments), Table(COLUMNS)
    for row in time_tokenizers(sequence, arguments.seconds):
        table.add(row)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        paths = [arguments.genome] if arguments.genome else write_genome(directory, arguments.genome_bp, rng)
        for path in paths:
            for row in time_reading(path, rng, arguments.seconds):
                table.add(row)
    report.write(table.rows)


if __name__ == "__main__":
    main()
