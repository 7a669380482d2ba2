"""Where known motifs stand on held-out sequence, and where their controls do."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import N_CODE, Codes
from dna_mamba.evaluation.knowledge.kinds import INTERGENIC, UTR, PaintedContig
from dna_mamba.evaluation.knowledge.motifs.landmarks import Landmark, Landmarks, draw, sense_bases
from dna_mamba.evaluation.knowledge.motifs.listed import AlignedMotif, ConsensusMotif, Motif
from dna_mamba.evaluation.knowledge.sites import Chart, Sites
from dna_mamba.genome import Interval

FEWEST_PLACES = 10
_UNKNOWN = 1000
_LETTERS = {"A": "A", "C": "C", "G": "G", "T": "T", "W": "AT", "D": "AGT", "N": "ACGT"}


class MotifPlaces(NamedTuple):
    """Where a motif stands: sites (A, S) in the gene's direction on ``strand`` (A,), and those of its control."""

    name: str
    offsets: list[int]
    strand: NDArray[np.int64]
    sites: Sites
    control: Sites
    is_paired: bool


class Held(NamedTuple):
    """The held-out sequence: places, and codes and kinds of their contigs by name."""

    places: Sequence[Interval]
    codes: Mapping[str, Codes]
    painted: Mapping[str, PaintedContig]
    chart: Chart


def place_motif(motif: Motif, landmarks: Landmarks, held: Held, n_places: int, seed: int) -> MotifPlaces | int:
    """A seeded sample of a motif's places and of its control, or how many there are if they are fewer than ten."""
    generator = np.random.default_rng(seed)
    marks: list[Landmark] = getattr(landmarks, motif.landmark)
    if isinstance(motif, AlignedMotif):
        return _place_aligned(motif, marks, held, n_places, generator)
    return _place_consensus(motif, marks, held, n_places, generator)


def _place_aligned(
    motif: AlignedMotif, marks: Sequence[Landmark], held: Held, n_places: int, generator: np.random.Generator
) -> MotifPlaces | int:
    kept = [mark for mark in marks if all(_is_known(mark, held, span) for span in (motif.span, motif.control))]
    if len(kept) < FEWEST_PLACES:
        return len(kept)
    taken = draw(kept, n_places, generator)
    strand = np.array([mark.strand for mark in taken])
    sites, control = (_numbers(taken, range(*span), held.chart) for span in (motif.span, motif.control))
    return MotifPlaces(motif.name, list(range(*motif.span)), strand, sites, control, is_paired=True)


def _place_consensus(
    motif: ConsensusMotif, marks: Sequence[Landmark], held: Held, n_places: int, generator: np.random.Generator
) -> MotifPlaces | int:
    width = max(map(len, motif.patterns))
    found = [hit for mark in marks if (hit := _best_match(motif, mark, held)) is not None]
    if len(found) < FEWEST_PLACES:
        return len(found)
    around = range(motif.region[0] - width, motif.region[1] + width)
    near = {mark._replace(position=mark.at(offset)) for mark in marks for offset in around}
    elsewhere = [hit for hit in _every_match(motif, held) if hit.mark not in near]
    if len(elsewhere) < FEWEST_PLACES:
        return 0
    taken, control = (
        [hits[i] for i in generator.choice(len(hits), min(n_places, len(hits)), replace=False)]
        for hits in (found, elsewhere)
    )
    offsets = [offset for offset, letter in enumerate(motif.patterns[0]) if letter != "N"]
    return MotifPlaces(
        motif.name,
        offsets,
        np.array([hit.mark.strand for hit in taken]),
        np.concatenate([_numbers([hit.mark], _asked(hit.pattern), held.chart) for hit in taken]),
        np.concatenate([_numbers([hit.mark], _asked(hit.pattern), held.chart) for hit in control]),
        is_paired=False,
    )


class _Match(NamedTuple):
    """A pattern at a place: ``mark`` is its first base in reading direction."""

    mark: Landmark
    pattern: str


def _best_match(motif: ConsensusMotif, mark: Landmark, held: Held) -> _Match | None:
    """The match with the fewest mismatches in the region of a landmark, the first of several."""
    best, best_count = None, motif.mismatches + 1
    for pattern in motif.patterns:
        bases = sense_bases(held.codes[mark.chrom], mark, *motif.region)
        if bases is None or len(bases) < len(pattern):
            continue
        for offset in np.argsort(counts := _mismatches(bases, pattern), kind="stable"):
            if counts[offset] >= best_count:
                break
            hit = mark._replace(position=mark.at(motif.region[0] + int(offset)))
            if not motif.noncoding or _is_noncoding(hit, pattern, held):
                best, best_count = _Match(hit, pattern), int(counts[offset])
                break
    return best


def _every_match(motif: ConsensusMotif, held: Held) -> list[_Match]:
    """All matches on both strands of the held-out places."""
    hits = []
    for place in held.places:
        for strand in (1, -1):
            end = Landmark(place.chrom, place.start if strand > 0 else place.end - 1, strand)
            bases = sense_bases(held.codes[place.chrom], end, 0, len(place))
            assert bases is not None
            for pattern in motif.patterns:
                (offsets,) = np.nonzero(_mismatches(bases, pattern) <= motif.mismatches)
                hits += [_Match(end._replace(position=end.at(int(o))), pattern) for o in offsets]
    return hits


def _mismatches(bases: Codes, pattern: str) -> NDArray[np.int64]:
    """How many letters differ from a pattern that begins at each base; more than any where a base is not known."""
    n = max(0, len(bases) - len(pattern) + 1)
    counts = np.zeros(n, dtype=np.int64)
    for offset, letter in enumerate(pattern):
        if letter != "N":
            allowed = np.array([base in _LETTERS[letter] for base in "ACGT"] + [False] * 4)
            column = bases[offset : offset + n]
            counts += ~allowed[column] + _UNKNOWN * (column >= N_CODE)
    return counts


def _asked(pattern: str) -> list[int]:
    return [offset for offset, letter in enumerate(pattern) if letter != "N"]


def _is_noncoding(mark: Landmark, pattern: str, held: Held) -> bool:
    kind = held.painted[mark.chrom].kind
    return all(kind[mark.at(offset)] in (INTERGENIC, UTR) for offset in _asked(pattern))


def _is_known(mark: Landmark, held: Held, span: tuple[int, int]) -> bool:
    bases = sense_bases(held.codes[mark.chrom], mark, *span)
    return bases is not None and bool((bases < N_CODE).all())


def _numbers(marks: Sequence[Landmark], offsets: Sequence[int], chart: Chart) -> Sites:
    """Sites (A, S) of offsets of landmarks."""
    first = np.array([chart.offset(mark.chrom) + mark.position for mark in marks], dtype=np.int64)
    strand = np.array([mark.strand for mark in marks], dtype=np.int64)
    sites: Sites = first[:, None] + strand[:, None] * np.array(offsets, dtype=np.int64)
    return sites
