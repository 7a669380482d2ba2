"""Which genomes a user means: files, folders of them, and lists with names and weights."""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from dna_mamba.data.genomes import stem_of
from dna_mamba.data.store.manifest import MANIFEST
from dna_mamba.errors import InputError
from dna_mamba.io.compression import open_input
from dna_mamba.io.paths import STDIO, check_local
from dna_mamba.io.text_input import open_text

_SEQUENCE = (".fa", ".fasta", ".fna", ".fas", ".2bit", ".gb", ".gbk", ".gbff", ".genbank", ".embl")
_COMPRESSED = ("", ".gz", ".bgz", ".bgzf")
_SUFFIXES = tuple(suffix + packing for suffix in _SEQUENCE for packing in _COMPRESSED)
_LISTS = (".tsv", ".txt", ".list")
_LIST_LINE = "a line of a list is a path and, after tabs, a name and a weight"


class GenomeSource(NamedTuple):
    """A file that holds a genome, what it is called, and how much oftener than by its size it is drawn."""

    path: Path
    name: str
    weight: float


def find_sources(paths: Iterable[str | Path]) -> list[GenomeSource]:
    """The genomes of some files, folders and lists, in their order.

    A folder stands for the sequence files in it, by name; those in folders below are left out. A list is a text file
    called ``.tsv``, ``.txt`` or ``.list`` that does not begin with ``>``: a path a line, relative to the list, then
    optionally a tab and a name, and a tab and a weight; ``#`` begins a comment. Names are those of the files without
    their suffixes, weights 1.

    Raises:
        InputError: there is no such file, a folder holds no sequence file, a line of a list cannot be read, or two
            genomes have one name.
    """
    sources = [source for path in paths for source in _sources_of(Path(check_local(path)))]
    if not sources:
        raise InputError("no genome is given", remedy="give FASTA, 2bit or GenBank files, a folder of them or a list")
    first: dict[str, Path] = {}
    for source in sources:
        _check_name(source)
        if source.name in first:
            what = f"two genomes are called {source.name!r}, this one and {first[source.name]}"
            raise InputError(what, place=source.path, remedy="rename a file, or name the genomes in a list")
        first[source.name] = source.path
    return sources


def _sources_of(path: Path) -> Iterator[GenomeSource]:
    if str(path) == STDIO or (path.exists() and not path.is_file() and not path.is_dir()):
        remedy = "write it to a file first: a store keeps the hash of each file"
        raise InputError("is a pipe, not a file", place=path, remedy=remedy)
    if path.is_dir():
        yield from _of_folder(path)
    elif _is_list(path):
        yield from _of_list(path)
    else:
        yield GenomeSource(path, stem_of(path), 1.0)


def _of_folder(folder: Path) -> Iterator[GenomeSource]:
    if (folder / MANIFEST).exists():
        raise InputError("is a store already", place=folder, remedy="pack the files that it was made of")
    files = sorted(file for file in folder.iterdir() if file.is_file() and not file.name.startswith("."))
    chosen = [file for file in files if file.name.lower().endswith(_SUFFIXES)]
    if not chosen:
        raise InputError("no sequence file in this folder", place=folder, remedy=f"known are {', '.join(_SEQUENCE)}")
    yield from (GenomeSource(file, stem_of(file), 1.0) for file in chosen)


def _is_list(path: Path) -> bool:
    if path.suffix.lower() not in _LISTS:
        return False
    with open_input(path) as stream:
        return not stream.peek(64).lstrip().startswith(b">")


def _of_list(path: Path) -> Iterator[GenomeSource]:
    found = 0
    with open_text(path) as stream:
        for number, line in enumerate(stream, start=1):
            fields = line.decode("utf-8", errors="surrogateescape").split("#")[0].strip().split("\t")
            if fields != [""]:
                found += 1
                yield _of_line(path, f"{path}:{number}", [field.strip() for field in fields])
    if not found:
        raise InputError("names no genome", place=path, remedy=_LIST_LINE)


def _of_line(path: Path, place: str, fields: list[str]) -> GenomeSource:
    file, name, weight = (*fields, "", "", "")[:3]
    if len(fields) > 3:
        raise InputError(f"{len(fields)} columns", place=place, remedy=_LIST_LINE)
    target = path.parent / check_local(file)
    if not target.is_file():
        raise InputError(f"no file {str(target)!r}", place=place, remedy=_LIST_LINE + "; paths are relative to it")
    return GenomeSource(target, name or stem_of(target), _weight(weight, place) if weight else 1.0)


def _weight(text: str, place: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not (math.isfinite(weight) and weight >= 0):
        raise InputError(f"weight {text!r} is not a number of 0 or more", place=place, remedy=_LIST_LINE)
    return weight


def _check_name(source: GenomeSource) -> None:
    """Contigs are called ``genome:contig``, in tables with tabs."""
    if not source.name or ":" in source.name or any(c.isspace() for c in source.name):
        what = f"{source.name!r} cannot be a genome's name: it is empty or holds a colon or a blank"
        raise InputError(what, place=source.path, remedy="name the genome in a list, as path, tab, name")
