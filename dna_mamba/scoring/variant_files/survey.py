"""What one reading of a VCF tells before any scoring."""

from collections.abc import Iterable
from typing import NamedTuple

from dna_mamba.genome import Variant
from dna_mamba.io.vcf import VcfRecord
from dna_mamba.runs.counts import Advance
from dna_mamba.scoring.variants.assess import Assessor


class Survey(NamedTuple):
    """What a VCF holds: how many records, and lines a person should see.

    ``unsorted`` names the first place out of order, by which no index can be made.
    """

    n_records: int
    notes: list[str]
    unsorted: str | None = None


def alleles_of(record: VcfRecord) -> tuple[Variant, ...]:
    """The alleles of a record, in order of ALT; none where ALT is ``.``."""
    return tuple(Variant(record.chrom, record.pos, record.ref, alt) for alt in record.alts)


def survey_records(records: Iterable[VcfRecord], assessor: Assessor, advance: Advance) -> Survey:
    """Count records, match their contigs and compare every REF with the reference, without a model.

    Raises:
        InputError: REF differs in more than 5 % of the alleles, or where the assessor's ``check_ref`` is ``e`` in any.
    """
    n_records, order = 0, _Order()
    for record in records:
        order.see(record)
        for variant in alleles_of(record):
            assessor.compare(variant)
        n_records += 1
        advance(1)
    assessor.check.refuse_wrong_build()
    return Survey(n_records, assessor.notes(), order.broken_at)


class _Order:
    """Whether records come sorted: each contig in one piece, positions never falling."""

    def __init__(self) -> None:
        self._chrom = ""
        self._pos = -1
        self._seen = set[str]()
        self.broken_at: str | None = None

    def see(self, record: VcfRecord) -> None:
        if record.chrom == self._chrom:
            is_sorted = record.pos >= self._pos
        else:
            is_sorted = record.chrom not in self._seen
            self._seen.add(record.chrom)
        if not is_sorted and self.broken_at is None:
            self.broken_at = f"{record.chrom}:{record.pos}"
        self._chrom = record.chrom
        self._pos = record.pos
