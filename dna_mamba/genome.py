"""Places on a genome: intervals, variants and strands. 0-based half-open inside, 1-based only where a name says so."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Strand(StrEnum):
    """The strand a feature or a read lies on, spelled as in BED and GFF."""

    FORWARD = "+"
    REVERSE = "-"
    UNSTRANDED = "."


class Contig(NamedTuple):
    """A reference sequence and its length in base pairs."""

    chrom: str
    length: int


MITOCHONDRIA = frozenset({"chrM", "chrMT", "MT", "M"})
"""Names under which go two sequences: ``chrM`` of hg19 is another one than ``MT``."""


def other_names(chrom: str) -> tuple[str, ...]:
    """The other spellings under which the same contig may be known: ``chr1`` for ``1``, ``chrM`` for ``MT``."""
    if chrom in MITOCHONDRIA:
        return tuple(sorted(MITOCHONDRIA - {chrom}))
    return (chrom.removeprefix("chr"),) if chrom.startswith("chr") else (f"chr{chrom}",)


@dataclass(frozen=True, slots=True)
class Interval:
    """Half-open ``[start, end)`` on a contig, 0-based."""

    chrom: str
    start: int
    end: int
    name: str = "."
    strand: Strand = Strand.UNSTRANDED

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"interval {self.chrom}:{self.start}-{self.end} is not 0 <= start <= end")

    def __len__(self) -> int:
        return self.end - self.start

    def __str__(self) -> str:
        """Region notation, 1-based inclusive, as samtools reads it."""
        return f"{self.chrom}:{self.start + 1}-{self.end}"


@dataclass(frozen=True, slots=True)
class Variant:
    """One allele of a VCF record; ``pos`` stays 1-based as in the file (VCF 4.3, section 1.6.1)."""

    chrom: str
    pos: int
    ref: str
    alt: str

    @property
    def start(self) -> int:
        """0-based offset of the first REF base."""
        return self.pos - 1

    @property
    def end(self) -> int:
        """0-based offset past the last REF base."""
        return self.start + len(self.ref)

    @property
    def is_snv(self) -> bool:
        """One base for one other, both among ACGT (either case)."""
        ref, alt = self.ref.upper(), self.alt.upper()
        return len(ref) == len(alt) == 1 and ref != alt and ref in "ACGT" and alt in "ACGT"
