"""Genomes from files into a store: whole or not there."""

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from dna_mamba.data.store.manifest import Manifest, StoredGenome, is_store, write_manifest
from dna_mamba.data.store.reading import read_letters
from dna_mamba.data.store.sources import GenomeSource
from dna_mamba.data.store.writer import StoreWriter
from dna_mamba.errors import InputError
from dna_mamba.io.atomic import atomic_directory, check_target
from dna_mamba.io.paths import input_error_of
from dna_mamba.runs.inputs import InputFile
from dna_mamba.version import __version__


def pack_genomes(
    sources: Sequence[GenomeSource],
    path: str | Path,
    *,
    force: bool = False,
    advance: Callable[[int], None] = lambda n_bp: None,
) -> Manifest:
    """Write a store of some genomes; ``advance`` is told of the bases as they are packed.

    Memory does not grow with the genomes, but by about 100 bytes a contig of the largest of them.

    Raises:
        InputError: a genome cannot be read or is empty, two contigs of one have a name, all weights are 0, or the
            target exists (and not ``force``) or is something else than a store.
        MachineError: the disk is full.
    """
    check_store_target(path, force=force)
    if not any(source.weight for source in sources):
        raise InputError("no genome has a weight above 0", remedy="give one a weight, or none")
    with atomic_directory(path, force=force) as directory:
        with closing(StoreWriter(directory)) as writer:
            genomes = [_pack(source, writer, advance) for source in sources]
            files = writer.finish()
        manifest = Manifest(written_by=f"dna-mamba {__version__}", genomes=genomes, files=files)
        write_manifest(directory, manifest)
    return manifest


def check_store_target(path: str | Path, *, force: bool) -> None:
    """As ``dna_mamba.io.atomic.check_target``; with ``force`` too, only a store or an empty folder is replaced.

    Raises:
        InputError: names the path and the remedy.
    """
    check_target(path, force=force)
    target = Path(path)
    is_empty = target.is_dir() and not any(target.iterdir())
    if target.exists() and not is_store(target) and not is_empty:
        raise InputError("exists and is not a genome store", place=path, remedy="give another name for the store")


def _pack(source: GenomeSource, writer: StoreWriter, advance: Callable[[int], None]) -> StoredGenome:
    try:
        file = InputFile.read(source.path)
    except OSError as error:
        raise input_error_of(error, source.path) from None
    writer.begin_genome(source.name, str(source.path))
    for part in read_letters(source.path):
        if isinstance(part, str):
            writer.begin_contig(part)
        else:
            advance(writer.add(part))
    composition = writer.end_genome()
    file.refuse_change()
    return StoredGenome(
        name=source.name,
        file=source.path.name,
        file_sha256=file.sha256,
        weight=source.weight,
        **composition._asdict(),
    )
