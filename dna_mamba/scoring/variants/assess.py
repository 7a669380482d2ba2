"""What can be said of an allele before a model runs: whether it is scored at all, and what it changes."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from dna_mamba.alphabet import N_CODE, Codes
from dna_mamba.defaults import DEFAULT_CONTEXT_BP
from dna_mamba.errors import InputError
from dna_mamba.genome import Variant
from dna_mamba.io.fasta import FastaReader
from dna_mamba.scoring.variants.reference_check import ReferenceCheck
from dna_mamba.scoring.variants.status import AlleleStatus, status_of_spelling
from dna_mamba.sequences.cached_genome import CachedGenome, allele_bases
from dna_mamba.sequences.contig_names import ContigMap
from dna_mamba.sequences.variant_windows import Change, find_change, max_allele_bp

CheckRef = Literal["w", "x", "s", "e"]


class Assessment(NamedTuple):
    """An allele, its status as far as its window is not known, and what it changes if it is to be scored."""

    variant: Variant
    status: AlleleStatus
    change: Change | None = None


class Assessor:
    """Looks alleles up in the reference.

    Args:
        reference: the genome.
        contig_lengths: lengths the VCF's header states, to match contigs under other names.
        context_bp: longest window; a change may take half of it.
        check_ref: what a REF that differs from the reference means, letters as in ``bcftools norm``: ``w`` and ``x``
            give REF_MISMATCH, ``s`` takes the record's word for what stands there, ``e`` stops.

    Attributes:
        contigs: how contigs were matched so far.
        check: how REF compared with the reference so far.
        genome: the reference, the last places at hand.
    """

    def __init__(
        self,
        reference: FastaReader,
        contig_lengths: Mapping[str, int | None] | None = None,
        *,
        context_bp: int = DEFAULT_CONTEXT_BP,
        check_ref: CheckRef = "w",
    ) -> None:
        self.contigs = ContigMap({contig.chrom: contig.length for contig in reference.contigs}, contig_lengths)
        self.genome = CachedGenome(reference)
        self.check = ReferenceCheck(self.genome)
        self._check_ref, self._max_bp = check_ref, max_allele_bp(context_bp)

    def assess(self, variant: Variant) -> Assessment:
        """Status and change of an allele. Raises InputError where ``check_ref`` is ``e`` and REF differs."""
        if status := status_of_spelling(variant.alt):
            return Assessment(variant, status)
        chrom = self.contigs.find(variant.chrom)
        if chrom is None:
            return Assessment(variant, AlleleStatus.NO_CONTIG)
        ref = self.check.read(variant, chrom)
        if ref is None:
            ref = self._on_mismatch(variant, chrom)
        if ref is None:
            return Assessment(variant, AlleleStatus.REF_MISMATCH)
        alt = allele_bases(variant.alt)
        if any((codes == N_CODE).any() for codes in (ref, allele_bases(variant.ref), alt)):
            return Assessment(variant, AlleleStatus.N_WINDOW)
        change = find_change(self.genome, chrom, variant.start, ref, alt, self._max_bp)
        if change.longest > self._max_bp:
            return Assessment(variant, AlleleStatus.TOO_LONG)
        return Assessment(variant, AlleleStatus.OK, change)

    def compare(self, variant: Variant) -> None:
        """Only count whether REF is what the reference reads. Raises InputError as ``assess`` does."""
        if status_of_spelling(variant.alt):
            return
        chrom = self.contigs.find(variant.chrom)
        if chrom is not None and self.check.read(variant, chrom) is None:
            self._on_mismatch(variant, chrom)

    def _on_mismatch(self, variant: Variant, chrom: str) -> Codes | None:
        """What then stands for REF, if the allele is scored at all."""
        if self._check_ref == "e":
            raise InputError(
                f"REF differs from the reference: {self.check.examples[0]}",
                place="--check-ref e",
                remedy="correct the record, give the right FASTA, or choose w, x or s",
            )
        fits = variant.start >= 0 and variant.end <= self.genome.length(chrom)
        return allele_bases(variant.ref) if self._check_ref == "s" and fits and _spells_bases(variant.ref) else None

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


def _spells_bases(letters: str) -> bool:
    return status_of_spelling(letters) is None
