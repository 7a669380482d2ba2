"""What is said of every allele, scored or not: its status."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from dna_mamba.alphabet import IUPAC_AMBIGUOUS
from dna_mamba.genome import Variant


class AlleleStatus(StrEnum):
    """Why an allele has its score, or has none.

    One is given, the first that applies of STAR, SYMBOLIC, NO_CONTIG, REF_MISMATCH, N_WINDOW (an allele itself),
    TOO_LONG, N_WINDOW (the window), EDGE_PADDED, OK.
    """

    STAR = "STAR"
    """``*``, an allele missing because of an upstream deletion; no score."""
    SYMBOLIC = "SYMBOLIC"
    """``<DEL>``, ``<NON_REF>``, a breakend, anything that spells no sequence; no score."""
    NO_CONTIG = "NO_CONTIG"
    """The reference has no such contig; no score."""
    REF_MISMATCH = "REF_MISMATCH"
    """The reference reads otherwise than REF; no score."""
    N_WINDOW = "N_WINDOW"
    """Scored, yet over a tenth of the window is N or another ambiguity code; no score where an allele holds one."""
    EDGE_PADDED = "EDGE_PADDED"
    """Scored from a window that the contig's end cuts short."""
    TOO_LONG = "TOO_LONG"
    """The change, all its placements covered, takes more than half of the window; no score."""
    OK = "OK"
    """Scored from a whole window."""


_LETTERS = frozenset("ACGTN" + IUPAC_AMBIGUOUS + ("ACGTN" + IUPAC_AMBIGUOUS).lower())
NO_VALUES: Mapping[str, float] = MappingProxyType({})


class VariantScore(NamedTuple):
    """An allele, its status, and its numbers by column name (``scoring.variants.scores``), those that it has."""

    variant: Variant
    status: AlleleStatus
    values: Mapping[str, float] = NO_VALUES

    @property
    def llr(self) -> float | None:
        """The masked log-likelihood ratio in nats, None where there is none."""
        return self.values.get("llr")

    @property
    def is_scored(self) -> bool:
        """Whether there is any number."""
        return bool(self.values)


def status_of_spelling(alt: str) -> AlleleStatus | None:
    """STAR or SYMBOLIC where ALT spells no sequence (VCF 4.3, sections 1.6.1 and 5), else None.

    Breakends hold a bracket, or are single: a dot before or after the bases.
    """
    if alt == "*":
        return AlleleStatus.STAR
    return None if alt and _LETTERS.issuperset(alt) else AlleleStatus.SYMBOLIC
