"""A small genome on disk, for readers of places on it."""

import random
from pathlib import Path

CHR1 = "".join(random.Random(1).choices("ACGT", k=400)) + "N" * 60
CHR2 = "".join(random.Random(2).choices("ACGT", k=150))


def write_genome(folder: Path) -> Path:
    path = folder / "genome.fa"
    path.write_text(f">chr1\n{CHR1}\n>chr2\n{CHR2}\n")
    return path


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path
