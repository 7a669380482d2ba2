"""Genomes for the tests of the store."""

from pathlib import Path

from hypothesis import strategies as st

from dna_mamba.data.store import GenomeStore, find_sources, pack_genomes

IUPAC = "ACGTUNRYSWKMBDHV"
LETTERS = st.lists(
    st.tuples(st.sampled_from(IUPAC + IUPAC.lower() + "ACGT" * 8), st.integers(1, 40)), max_size=12
).map(lambda runs: "".join(letter * length for letter, length in runs))
"""Letters of any kind in runs, of no length or any."""


def write_fasta(path: Path, contigs: dict[str, str], width: int = 60) -> Path:
    """The contigs in lines of ``width``."""
    lines = [f">{name} a description\n" + _lines(letters, width) for name, letters in contigs.items()]
    path.write_text("".join(lines))
    return path


def _lines(letters: str, width: int) -> str:
    return "".join(letters[i : i + width] + "\n" for i in range(0, len(letters), width))


def packed_store(directory: Path, genomes: dict[str, dict[str, str]]) -> GenomeStore:
    """A store of some genomes, each by way of a FASTA file of its name."""
    files = [write_fasta(directory / f"{name}.fa", contigs) for name, contigs in genomes.items()]
    pack_genomes(find_sources(files), directory / "store", force=True)
    return GenomeStore(directory / "store")
