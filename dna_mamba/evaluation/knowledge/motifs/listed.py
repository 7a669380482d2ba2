"""Which motifs are looked for, where, and what they are compared with.

Two sorts. An aligned motif is what stands at fixed offsets of a landmark, whatever the letters; its control are other
offsets of the same landmarks. A consensus motif is the best match of a pattern near a landmark; its control are
matches of the same pattern elsewhere on the held-out sequence, so that its letters alone explain nothing.
"""

from collections.abc import Sequence
from typing import NamedTuple

from dna_mamba.evaluation.knowledge.motifs.landmarks import Landmarks


class AlignedMotif(NamedTuple):
    """Offsets of a landmark, and those of its control, both half-open."""

    name: str
    landmark: str
    span: tuple[int, int]
    control: tuple[int, int]


class ConsensusMotif(NamedTuple):
    """IUPAC ``patterns`` that are looked for at offsets ``region`` of a landmark, half-open; N is any base, not asked.

    ``noncoding``: whether a match must lie in intergenic sequence or UTR.
    """

    name: str
    landmark: str
    region: tuple[int, int]
    patterns: tuple[str, ...]
    mismatches: int = 0
    noncoding: bool = False


Motif = AlignedMotif | ConsensusMotif
_PROMOTERS = tuple("TTGACA" + "N" * spacer + "TATAAT" for spacer in (16, 17, 18))


def motifs_of(landmarks: Landmarks, *, is_prokaryote: bool) -> Sequence[Motif]:
    """Those of bacteria and archaea, or of eukaryotes.

    Start codons: Kozak 1987; Hamilton et al. 1987 for yeast. Shine & Dalgarno 1974. Promoters: Harley & Reynolds 1987.
    TATAWA: Basehoar et al. 2004. AATAAA: Proudfoot & Brownlee 1976. Branch point: Langford & Gallwitz 1983.
    """
    return _PROKARYOTIC if is_prokaryote else (*_EUKARYOTIC, _tata(landmarks), _poly_a(landmarks))


_PROKARYOTIC: tuple[Motif, ...] = (
    ConsensusMotif("start codon DTG", "start", (0, 3), ("DTG",)),
    AlignedMotif("Shine-Dalgarno, -14 to -6", "start", (-14, -5), (-45, -30)),
    ConsensusMotif("Shine-Dalgarno AGGAG, to 1 mismatch", "start", (-20, -4), ("AGGAG",), mismatches=1),
    ConsensusMotif("-35 and -10, to 3 mismatches", "start", (-250, -10), _PROMOTERS, mismatches=3, noncoding=True),
    ConsensusMotif("terminator TTTTTT", "stop", (1, 80), ("TTTTTT",), noncoding=True),
)
_EUKARYOTIC: tuple[Motif, ...] = (
    ConsensusMotif("start codon ATG", "start", (0, 3), ("ATG",)),
    AlignedMotif("start context, -6 to -1", "start", (-6, 0), (-30, -18)),
    AlignedMotif("splice donor, -2 to +6", "donor", (-2, 6), (12, 28)),
    AlignedMotif("splice acceptor, -8 to +2", "acceptor", (-8, 2), (-48, -32)),
    ConsensusMotif("branch point TACTAAC", "acceptor", (-120, -8), ("TACTAAC",)),
)


def _tata(landmarks: Landmarks) -> Motif:
    landmark, region = ("transcript_start", (-120, -15)) if landmarks.transcript_start else ("start", (-250, -30))
    return ConsensusMotif("TATA box TATAWA", landmark, region, ("TATAWA",), noncoding=True)


def _poly_a(landmarks: Landmarks) -> Motif:
    landmark, region = ("transcript_end", (-45, -4)) if landmarks.transcript_end else ("stop", (4, 200))
    return ConsensusMotif("poly-A signal AATAAA", landmark, region, ("AATAAA",), noncoding=True)
