"""What can be said of an allele before a model runs: whether it is scored at all, and at which site."""

from collections.abc import Mapping
from typing import NamedTuple

from dna_mamba.alphabet import N_CODE
from dna_mamba.genome import Variant
from dna_mamba.io.fasta import FastaReader
from dna_mamba.scoring.alleles import AlleleStatus, status_of_spelling
from dna_mamba.scoring.contigs import ContigMap
from dna_mamba.scoring.reference_check import ReferenceCheck


class Site(NamedTuple):
    """A position of the reference, 0-based."""

    chrom: str
    position: int


class Assessment(NamedTuple):
    """An allele, its status as far as its window is not known, and the site to predict if it is to be scored."""

    variant: Variant
    status: AlleleStatus
    site: Site | None = None


class Assessor:
    """Looks alleles up in the reference.

    Args:
        reference: the genome.
        contig_lengths: lengths the VCF's header states, to match contigs under other names.

    Attributes:
        contigs: how contigs were matched so far.
        check: how REF compared with the reference so far.
    """

    def __init__(self, reference: FastaReader, contig_lengths: Mapping[str, int | None] | None = None) -> None:
        self.contigs = ContigMap({contig.chrom: contig.length for contig in reference.contigs}, contig_lengths)
        self.check = ReferenceCheck(reference)

    def assess(self, variant: Variant) -> Assessment:
        """Status and site of an allele."""
        if status := status_of_spelling(variant.alt):
            return Assessment(variant, status)
        chrom = self.contigs.find(variant.chrom)
        if chrom is None:
            return Assessment(variant, AlleleStatus.NO_CONTIG)
        ref_codes = self.check.read(variant, chrom)
        if ref_codes is None:
            return Assessment(variant, AlleleStatus.REF_MISMATCH)
        if len(variant.ref) == len(variant.alt) == 1 and ref_codes[0] == N_CODE:
            return Assessment(variant, AlleleStatus.N_WINDOW)
        if not variant.is_snv:
            return Assessment(variant, AlleleStatus.UNSUPPORTED)
        return Assessment(variant, AlleleStatus.OK, Site(chrom, variant.start))

    def notes(self) -> list[str]:
        """Lines a person should see: contigs under other names, and REF letters that differ."""
        check = self.check
        lines = [*self.contigs.notes]
        if check.n_mismatched:
            lines.append(
                f"warning: REF differs from the reference in {check.n_mismatched:,} of {check.n_checked:,} alleles, "
                f"which get REF_MISMATCH: {'; '.join(check.examples)}{'; ...' if check.has_more_examples else ''}"
            )
        return lines
