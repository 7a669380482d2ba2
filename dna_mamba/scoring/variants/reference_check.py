"""Whether a VCF was called against this reference: REF letters, allele by allele, and the verdict on the whole."""

from dna_mamba.alphabet import N_CODE, Codes, decode_bases
from dna_mamba.errors import InputError
from dna_mamba.genome import Variant
from dna_mamba.sequences.cached_genome import CachedGenome, allele_bases

MAX_MISMATCH_SHARE = 0.05
CHECK_EVERY = 1000
"""Alleles between two verdicts on a stream whose end is not in sight."""
_FEW = 20
"""Below this many alleles a single mismatch exceeds one in twenty; there, more than half must differ."""
_SHOWN = 5
_SHOWN_BP = 20


class ReferenceCheck:
    """Compares REF with the reference and counts.

    Ambiguity codes and N, in the reference and in REF, agree with every letter; a REF of nothing else says nothing of
    the build and is not counted (callers of structural variants write N for every base). Letter case plays no part.

    Args:
        genome: the reference.

    Attributes:
        n_checked: alleles compared so far.
        n_mismatched: those of them whose REF differs.
        examples: the first few mismatches, a line each.
    """

    def __init__(self, genome: CachedGenome) -> None:
        self._genome = genome
        self.n_checked = 0
        self.n_mismatched = 0
        self.examples: list[str] = []

    @property
    def has_more_examples(self) -> bool:
        """Whether there are mismatches beyond ``examples``."""
        return self.n_mismatched > len(self.examples)

    def read(self, variant: Variant, chrom: str) -> Codes | None:
        """Base codes of the reference under REF (L,) without soft-mask bits, or None where they differ from REF.

        Args:
            variant: the allele.
            chrom: the reference's name of its contig.
        """
        codes = self._genome.bases(chrom, variant.start, variant.end)  # shorter than REF past the contig's end
        ref = _bases_or_none(variant.ref)
        if ref is None or len(codes) != len(ref) or not _agree(codes, ref):
            self.n_checked += 1
            self._note(variant, codes)
            return None
        self.n_checked += bool((ref != N_CODE).any())
        return codes

    def _note(self, variant: Variant, codes: Codes) -> None:
        self.n_mismatched += 1
        if len(self.examples) < _SHOWN:
            found = _shortened(decode_bases(codes)) or "no such position"
            self.examples.append(f"{variant.chrom}:{variant.pos} REF {_shortened(variant.ref)}, reference {found}")

    def refuse_wrong_build(self, max_mismatch_share: float = MAX_MISMATCH_SHARE) -> None:
        """Raise InputError if a greater share of alleles than this differs from the reference."""
        limit = max_mismatch_share if self.n_checked >= _FEW else max(max_mismatch_share, 0.5)
        if self.n_mismatched > limit * self.n_checked:
            share = self.n_mismatched / self.n_checked
            raise InputError(
                f"REF differs from the reference in {self.n_mismatched:,} of {self.n_checked:,} alleles ({share:.0%}), "
                f"first {self.examples[0]}: wrong build?",
                remedy="give the FASTA the variants were called against",
            )


def _bases_or_none(letters: str) -> Codes | None:
    """Codes of an allele, None where it holds letters that are not bases."""
    try:
        return allele_bases(letters)
    except InputError:
        return None


def _agree(codes: Codes, ref: Codes) -> bool:
    return bool(((codes == ref) | (codes == N_CODE) | (ref == N_CODE)).all())


def _shortened(letters: str) -> str:
    return letters if len(letters) <= _SHOWN_BP else f"{letters[:_SHOWN_BP]}... ({len(letters)} bp)"
