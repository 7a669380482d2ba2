"""Whether a VCF was called against this reference: REF letters, allele by allele, and the verdict on the whole."""

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import N_CODE, SOFT_MASK, decode_bases
from dna_mamba.errors import InputError
from dna_mamba.genome import Variant
from dna_mamba.sequences.cached_genome import Bases, codes_of

MAX_MISMATCH_SHARE = 0.05
CHECK_EVERY = 1000
"""Alleles between two verdicts on a stream whose end is not in sight."""
_FEW = 20
"""Below this many alleles a single mismatch exceeds one in twenty; there, more than half must differ."""
_SHOWN = 5
_SHOWN_BP = 20


class ReferenceCheck:
    """Compares REF with the reference and counts.

    Ambiguity codes and N in the reference agree with every letter: VCF has no other letter for them (VCF 4.3,
    section 1.6.1). Letter case plays no part.

    Args:
        reference: the genome.

    Attributes:
        n_checked, n_mismatched: alleles so far.
        examples: the first few mismatches, a line each.
    """

    def __init__(self, reference: Bases) -> None:
        self._reference = reference
        self.n_checked = self.n_mismatched = 0
        self.examples: list[str] = []

    @property
    def has_more_examples(self) -> bool:
        """Whether there are mismatches beyond ``examples``."""
        return self.n_mismatched > len(self.examples)

    def read(self, variant: Variant, chrom: str) -> NDArray[np.uint8] | None:
        """Base codes of the reference under REF (L,) without soft-mask bits, or None where they differ from REF.

        Args:
            variant: the allele.
            chrom: the reference's name of its contig.
        """
        codes = self._codes_under(variant, chrom)
        agrees = len(codes) == len(variant.ref) and _agree(codes, variant.ref)
        self.n_checked += 1
        if not agrees:
            self._note(variant, codes)
        return codes if agrees else None

    def _codes_under(self, variant: Variant, chrom: str) -> NDArray[np.uint8]:
        """What the contig holds there, shorter than REF where it ends."""
        length = self._reference.length(chrom)
        start, end = min(max(variant.start, 0), length), min(variant.end, length)
        return self._reference.codes(chrom, start, max(start, end)) & ~np.uint8(SOFT_MASK)

    def _note(self, variant: Variant, codes: NDArray[np.uint8]) -> None:
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


def _agree(codes: NDArray[np.uint8], ref: str) -> bool:
    try:
        expected = codes_of(ref)
    except InputError:
        return False
    return bool(((codes == expected) | (codes == N_CODE)).all())


def _shortened(letters: str) -> str:
    return letters if len(letters) <= _SHOWN_BP else f"{letters[:_SHOWN_BP]}... ({len(letters)} bp)"
