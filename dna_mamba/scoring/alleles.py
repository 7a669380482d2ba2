"""What is said of every allele, scored or not: its status."""

from enum import StrEnum
from typing import NamedTuple

from dna_mamba.genome import Variant


class AlleleStatus(StrEnum):
    """Why an allele has its score, or has none.

    One is given, the first that applies of STAR, SYMBOLIC, NO_CONTIG, REF_MISMATCH, N_WINDOW (REF itself),
    UNSUPPORTED, N_WINDOW (the window), EDGE_PADDED, OK.
    """

    STAR = "STAR"
    """``*``, an allele missing because of an upstream deletion; no score."""
    SYMBOLIC = "SYMBOLIC"
    """``<DEL>``, ``<NON_REF>``, a breakend; no score."""
    NO_CONTIG = "NO_CONTIG"
    """The reference has no such contig; no score."""
    REF_MISMATCH = "REF_MISMATCH"
    """The reference reads otherwise than REF; no score."""
    UNSUPPORTED = "UNSUPPORTED"
    """No single-base substitution among A, C, G, T (insertion, deletion, several bases, ambiguous); no score."""
    N_WINDOW = "N_WINDOW"
    """Scored, yet over a tenth of the window is N or another ambiguity code; no score where REF itself is one."""
    EDGE_PADDED = "EDGE_PADDED"
    """Scored from a window that the contig's end cuts short."""
    TOO_LONG = "TOO_LONG"
    """The allele does not fit into the window; no score. Single-base substitutions always fit."""
    OK = "OK"
    """Scored from a whole window."""


class VariantScore(NamedTuple):
    """An allele, its status and its masked log-likelihood ratio in nats, None where there is none."""

    variant: Variant
    status: AlleleStatus
    llr: float | None


def status_of_spelling(alt: str) -> AlleleStatus | None:
    """STAR or SYMBOLIC where ALT spells no sequence (VCF 4.3, sections 1.6.1 and 5), else None.

    Breakends hold a bracket, or are single: a dot before or after the bases.
    """
    if alt == "*":
        return AlleleStatus.STAR
    if alt.startswith(("<", ".")) or alt.endswith((">", ".")) or "[" in alt or "]" in alt:
        return AlleleStatus.SYMBOLIC
    return None
