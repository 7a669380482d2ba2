"""Speed of tokenizers and of reading FASTA: ``python benchmarks/tokenizing.py [GENOME.fa[.gz]] [-o RESULTS.json]``.

Without a file a random genome is made, plain and as BGZF. Each figure is the best of several runs.
"""

import argparse
import gzip
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dna_mamba.io.bgzf import BgzfWriter
from dna_mamba.io.fasta import FastaReader, read_fasta
from dna_mamba.tokenizers import BPETokenizer, KmerTokenizer, NucleotideTokenizer, Tokenizer

GENOME_BP = 64_000_000
SEQUENCE_BP = 1_000_000
WINDOWS_BP = (1_000, 131_072)
N_WINDOWS = 300


def best_seconds(run: Callable[[], object], repeats: int) -> float:
    def once() -> float:
        start = time.perf_counter()
        run()
        return time.perf_counter() - start

    return min(once() for _ in range(repeats))


def write_genome(directory: Path, rng: np.random.Generator) -> list[Path]:
    """A random genome with soft-masked stretches, 60 bases a line, as plain and as BGZF FASTA."""
    letters = rng.choice(np.frombuffer(b"ACGT", dtype=np.uint8), GENOME_BP // 60 * 60)
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


def time_tokenizers(sequence: bytes) -> dict[str, dict[str, float]]:
    tokenizers: dict[str, Tokenizer] = {
        "nucleotide": NucleotideTokenizer.caduceus(),
        "6-mer, stride 1": KmerTokenizer(6),
        "6-mer, stride 6": KmerTokenizer(6, 6),
        "BPE of 512": BPETokenizer.train([sequence[:200_000]], 512),
    }
    results = {}
    for name, tokenizer in tokenizers.items():
        seconds = best_seconds(partial(tokenizer.encode, sequence), 3 if "BPE" in name else 20)
        results[name] = {"ms_a_mbp": 1e9 * seconds / len(sequence), "mbp_a_second": len(sequence) / seconds / 1e6}
    return results


def unpacked_bytes(path: Path) -> int:
    with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
        return sum(len(chunk) for chunk in iter(lambda: file.read(1 << 20), b""))


def time_reading(path: Path, rng: np.random.Generator) -> dict[str, Any]:
    size = unpacked_bytes(path)

    def scan() -> None:
        # An empty cache each time, so that the file is read and not its index.
        with tempfile.TemporaryDirectory() as cache:
            os.environ["XDG_CACHE_HOME"] = cache
            FastaReader(path).close()

    results: dict[str, Any] = {
        "index_mb_a_second": size / best_seconds(scan, 3) / 1e6,
        "stream_mb_a_second": size / best_seconds(lambda: [len(r.sequence) for r in read_fasta(path)], 3) / 1e6,
    }
    with FastaReader(path) as genome:
        contig = max(genome.contigs, key=lambda contig: contig.length)
        for window_bp in WINDOWS_BP:
            starts = rng.integers(0, max(1, contig.length - window_bp), N_WINDOWS).tolist()

            def fetch(starts: list[int] = starts, window_bp: int = window_bp) -> None:
                for start in starts:
                    genome.window(contig.chrom, start, start + window_bp)

            results[f"windows_of_{window_bp}_a_second"] = N_WINDOWS / best_seconds(fetch, 3)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("genome", nargs="?", type=Path, help="FASTA to read; default a random one")
    parser.add_argument("-o", "--output", type=Path, help="write the results as JSON")
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    sequence = rng.choice(np.frombuffer(b"ACGTacgtN", dtype=np.uint8), SEQUENCE_BP).tobytes()
    results: dict[str, Any] = {
        "command": " ".join(["python", *sys.argv]),
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
        "versions": f"Python {platform.python_version()}, numpy {np.__version__}",
        "tokenizers": time_tokenizers(sequence),
    }
    with tempfile.TemporaryDirectory() as directory:
        paths = [arguments.genome] if arguments.genome else write_genome(Path(directory), rng)
        results["fasta"] = {path.name: time_reading(path, rng) for path in paths}
    text = json.dumps(results, indent=2)
    print(text)
    if arguments.output:
        arguments.output.write_text(text + "\n")


if __name__ == "__main__":
    main()
