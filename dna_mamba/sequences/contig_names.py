"""Which contig of the reference a VCF means: the same name, or ``chr1`` for ``1`` and ``chrM`` for ``MT``."""

from collections.abc import Mapping

from dna_mamba.genome import MITOCHONDRIA, other_names


class ContigMap:
    """Finds the reference's name of a contig.

    A contig of the same name is taken. Failing that, one of another spelling is taken if its length is the one the
    VCF states. Where the VCF states none the spelling alone decides, except for the mitochondrion: ``chrM`` of hg19
    is another sequence than ``MT``. REF letters are checked allele by allele either way.

    Args:
        reference_lengths: length of each contig of the reference, in base pairs.
        vcf_lengths: lengths the VCF's header states, None where it names a contig without one.

    Attributes:
        notes: one line for each contig that was matched under another name, or for a reason was not.
    """

    def __init__(
        self, reference_lengths: Mapping[str, int], vcf_lengths: Mapping[str, int | None] | None = None
    ) -> None:
        self._reference, self._stated = dict(reference_lengths), dict(vcf_lengths or {})
        self._known: dict[str, str | None] = {}
        self.notes: list[str] = []

    def find(self, chrom: str) -> str | None:
        """The reference's name of this contig, or None if it has no such contig."""
        if chrom not in self._known:
            self._known[chrom], note = self._match(chrom)
            self.notes += [note] if note else []
        return self._known[chrom]

    def _match(self, chrom: str) -> tuple[str | None, str]:
        stated = self._stated.get(chrom)
        if chrom in self._reference:
            return chrom, self._doubt(chrom, stated)
        candidates = [name for name in other_names(chrom) if name in self._reference]
        if not candidates:
            return None, f"contig {chrom} is not in the reference: its alleles get NO_CONTIG"
        if stated is None and chrom not in MITOCHONDRIA and len(candidates) == 1:
            return candidates[0], f"contig {chrom} is read as {candidates[0]} (the VCF states no length)"
        for name in candidates:
            if self._reference[name] == stated:
                return name, f"contig {chrom} is read as {name} (both {stated:,} bp)"
        return None, self._refusal(chrom, stated, candidates[0])

    def _doubt(self, chrom: str, stated: int | None) -> str:
        length = self._reference[chrom]
        if stated in (None, length):
            return ""
        return f"contig {chrom} is {length:,} bp in the reference but {stated:,} bp in the VCF: another build?"

    def _refusal(self, chrom: str, stated: int | None, candidate: str) -> str:
        length = self._reference[candidate]
        reason = "the VCF states no length" if stated is None else f"the VCF says {stated:,} bp"
        return f"contig {chrom} is not taken for {candidate} ({length:,} bp): {reason}; its alleles get NO_CONTIG"
