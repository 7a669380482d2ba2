"""Families of alike sequences, which no fold may part: our own, or those that another program found."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dna_mamba.data.folds.alike import RELATED_SHARE, AlikeRows, alike_rows, family_k
from dna_mamba.data.labelled.dataset import Labelled
from dna_mamba.data.sketches import families
from dna_mamba.errors import InputError
from dna_mamba.io.paths import display_name
from dna_mamba.io.text_input import open_text

_PAF_COLUMNS = 12
_MIRRORED = "_Reversed"
"""What hashFrag adds to the name of a reverse complement."""


class Families(NamedTuple):
    """Which family each of n rows is of."""

    number: NDArray[np.int64]
    """int64 (n,), in order of the families' first rows."""
    notes: tuple[str, ...]


def own_families(labelled: Labelled, share: float = RELATED_SHARE, alike: AlikeRows | None = None) -> Families:
    """Families by shared k-mers on either strand (``dna_mamba.data.sketches.families``), near duplicates joined.

    k is 15, or 11 where half the rows are shorter than 100 bp. Of variants the windows with REF count. Folds that keep
    these families together leak nothing that ``find_leaks`` finds.

    Args:
        labelled: n rows.
        share: of the k-mers of the sequence with fewer, above 0 and at most 1.
        alike: which rows are copies of each other; None finds out.
    """
    lengths = np.array([len(codes) for codes in labelled.sequences])
    k = family_k(lengths)
    copies = alike_rows(labelled.sequences, labelled.alternatives) if alike is None else alike
    number = _with_copies(families(labelled.sequences, k, share), copies)
    told = f"{number.max() + 1:,} families of {len(number):,} rows ({share:.0%} of {k}-mers shared, or near duplicates)"
    notes = [told]
    n_short = int((lengths < k).sum())
    if n_short:
        notes.append(f"{n_short:,} rows are shorter than {k} bp, each a family of its own")
    return Families(number, tuple(notes))


def _with_copies(number: NDArray[np.int64], alike: AlikeRows) -> NDArray[np.int64]:
    """Families (n,) after those that hold copies of each other became one; rows, sequences and families are joined."""
    n_rows, n_groups = len(number), int(alike.group.max()) + 1
    rows, groups, kin = np.arange(n_rows), n_rows + alike.group, n_rows + n_groups + number
    one = np.concatenate([rows, rows, n_rows + alike.near[:, 0]])
    other = np.concatenate([groups, kin, n_rows + alike.near[:, 1]])
    return _components(one, other, n_rows + n_groups + int(number.max()) + 1)[:n_rows]


def _components(one: NDArray[np.int64], other: NDArray[np.int64], n_all: int) -> NDArray[np.int64]:
    """Number of what each is joined with, int64 (n_all,), in order of the first of each."""
    pairs = coo_array((np.ones(len(one), dtype=bool), (one, other)), shape=(n_all, n_all))
    number: NDArray[np.int64] = connected_components(pairs, directed=False)[1].astype(np.int64)
    return number


def read_families(path: str | Path, labelled: Labelled, share: float = RELATED_SHARE) -> Families:
    """Families from the output of another program, told apart by its columns.

    - minimap2 PAF (12 columns and more): rows are related where an alignment covers ``share`` of the shorter one.
    - MMseqs2 clusters (``_cluster.tsv``: representative and member), or pairs with a score (hashFrag's
      ``similar_pairs``, already above its threshold): two ids a line.
    - hashFrag's homologous groups: an id and the number of its group; ``_Reversed`` names the same row.

    Families are what is related directly or through others; rows that the file does not name are families of their own.

    Raises:
        InputError: the file cannot be read, has other columns, or names an id that no row has; names the line.
    """
    row_of = {name: row for row, name in enumerate(labelled.ids)}
    lines = list(_lines(path))
    if not lines:
        raise InputError("names no families", place=display_name(path), remedy="give the output of a clustering")
    read = _reader(lines, row_of)
    related = list(read(lines, row_of, labelled, share))
    rows = np.array([row for pair in related for row in pair], dtype=np.int64).reshape(-1, 2)
    number = _components(rows[:, 0], rows[:, 1], len(row_of))
    n_named = len(np.unique(rows))
    note = f"{number.max() + 1:,} families of {len(number):,} rows, of which {display_name(path)} relates {n_named:,}"
    return Families(number, (note,))


class _Line(NamedTuple):
    place: str
    cells: list[str]


_Reader = Callable[[list[_Line], Mapping[str, int], Labelled, float], Iterator[tuple[int, int]]]


def _lines(path: str | Path) -> Iterator[_Line]:
    name = display_name(path)
    with open_text(path) as stream:
        for number, raw in enumerate(stream, start=1):
            line = raw.decode("utf-8", errors="surrogateescape").rstrip("\r\n")
            if line.strip() and not line.startswith("#"):
                yield _Line(f"{name}:{number}", line.split("\t"))


def _reader(lines: list[_Line], row_of: Mapping[str, int]) -> _Reader:
    """What reads lines like these."""
    place, cells = lines[0]
    if len(cells) >= _PAF_COLUMNS and cells[4] in ("+", "-"):
        return _paf_pairs
    if len(cells) not in (2, 3):
        remedy = "give PAF (minimap2), a cluster TSV (MMseqs2), or groups or pairs of hashFrag"
        raise InputError(f"{len(cells)} tab-separated columns", place=place, remedy=remedy)
    are_ids = all(_stem(line.cells[1], row_of) in row_of for line in lines if len(line.cells) > 1)
    return _id_pairs if are_ids or len(cells) == 3 else _group_pairs


def _stem(name: str, row_of: Mapping[str, int]) -> str:
    return name if name in row_of else name.removesuffix(_MIRRORED)


def _row(name: str, place: str, row_of: Mapping[str, int]) -> int:
    stem = _stem(name, row_of)
    if stem not in row_of:
        remedy = "make it from these rows, under their ids"
        raise InputError(f"no row has the id {name[:80]!r}", place=place, remedy=remedy)
    return row_of[stem]


def _refuse_ragged(line: _Line, n_least: int) -> None:
    if len(line.cells) < n_least:
        what = f"{len(line.cells)} tab-separated columns, not {n_least}"
        raise InputError(what, place=line.place, remedy="the line is cut short")


def _id_pairs(
    lines: list[_Line], row_of: Mapping[str, int], labelled: Labelled, share: float
) -> Iterator[tuple[int, int]]:
    for line in lines:
        _refuse_ragged(line, 2)
        yield _row(line.cells[0], line.place, row_of), _row(line.cells[1], line.place, row_of)


def _group_pairs(
    lines: list[_Line], row_of: Mapping[str, int], labelled: Labelled, share: float
) -> Iterator[tuple[int, int]]:
    first: dict[str, int] = {}
    for line in lines:
        _refuse_ragged(line, 2)
        row = _row(line.cells[0], line.place, row_of)
        yield first.setdefault(line.cells[1], row), row


def _paf_pairs(
    lines: list[_Line], row_of: Mapping[str, int], labelled: Labelled, share: float
) -> Iterator[tuple[int, int]]:
    for line in lines:
        _refuse_ragged(line, _PAF_COLUMNS)
        query, target = _row(line.cells[0], line.place, row_of), _row(line.cells[5], line.place, row_of)
        numbers = [line.cells[at] for at in (1, 2, 3, 6, 7, 8)]
        if not all(number.isdigit() for number in numbers):
            raise InputError("lengths and positions are not numbers", place=line.place, remedy="give PAF as it was")
        query_bp, query_start, query_end, target_bp, target_start, target_end = map(int, numbers)
        covered = max(query_end - query_start, target_end - target_start)
        if covered >= share * min(query_bp, target_bp):
            yield query, target
