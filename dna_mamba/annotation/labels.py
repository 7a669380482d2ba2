"""The classes of a base in an annotation, and what each is on the other strand.

A base is intergenic, coding on one of the strands in one of three places of its codon, or in an intron of one of the
strands; in an untranslated region where the annotation knows any. Bacteria have no introns, and no class for them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from dna_mamba.errors import InputError

INTERGENIC = "intergenic"
IGNORED = -1
"""The label of a base that teaches nothing: an unknown letter, codons of two genes, a CDS that cannot be read."""
_STRANDS = ("+", "-")


def coding(place: int, strand: str) -> str:
    """The class of a base at ``place`` 0, 1 or 2 of its codon."""
    return f"coding{place}{strand}"


def intron(strand: str) -> str:
    """The class of a base in an intron."""
    return f"intron{strand}"


def utr(strand: str) -> str:
    """The class of a base in an untranslated region."""
    return f"UTR{strand}"


def label_names(*, spliced: bool, untranslated: bool) -> tuple[str, ...]:
    """The classes in order: intergenic, coding, and introns and untranslated regions where there are any."""
    names = [INTERGENIC, *(coding(place, strand) for strand in _STRANDS for place in range(3))]
    names += [intron(strand) for strand in _STRANDS] if spliced else []
    names += [utr(strand) for strand in _STRANDS] if untranslated else []
    return tuple(names)


def complement_of(names: Sequence[str]) -> tuple[int, ...]:
    """For each class the index of what it is on the other strand; intergenic stays what it is.

    Raises:
        InputError: a strand's class is there without the other's.
    """
    return tuple(_index(names, _other_strand(name)) for name in names)


def _other_strand(name: str) -> str:
    return name[:-1] + {"+": "-", "-": "+"}[name[-1]] if name[-1:] in _STRANDS else name


def _index(names: Sequence[str], name: str) -> int:
    if name not in names:
        what = f"classes {', '.join(names)} without {name!r}"
        raise InputError(what, remedy="give a model whose head was trained with --task annotation")
    return names.index(name)


class LabelColumns(NamedTuple):
    """Where the classes of one strand are among those of a head; ``intron`` and ``utr`` None where it has none."""

    intergenic: int
    coding: tuple[int, int, int]
    intron: int | None
    utr: int | None


def columns_of(names: Sequence[str], strand: str) -> LabelColumns:
    """The columns of a strand's classes.

    Raises:
        InputError: these are not the classes of an annotation.
    """
    first, second, third = (_index(names, coding(place, strand)) for place in range(3))
    return LabelColumns(
        _index(names, INTERGENIC),
        (first, second, third),
        names.index(intron(strand)) if intron(strand) in names else None,
        names.index(utr(strand)) if utr(strand) in names else None,
    )


def is_annotation(names: Sequence[str]) -> bool:
    """Whether a head's outputs are the classes of an annotation."""
    return set(label_names(spliced=False, untranslated=False)) <= set(names)
