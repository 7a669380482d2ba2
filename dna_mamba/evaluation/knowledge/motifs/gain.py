"""What a model gains over Markov at known motifs, in bits a position, beside what it gains at their controls."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.evaluation.knowledge.bits import MODEL
from dna_mamba.evaluation.knowledge.intervals import Measured, group_draws, with_interval
from dna_mamba.evaluation.knowledge.motifs.places import MotifPlaces
from dna_mamba.evaluation.knowledge.sites import Answered


class MotifGain(NamedTuple):
    """Bits a position that a model gains over the baseline at a motif's places, at its control, and the difference."""

    name: str
    n_places: int
    n_controls: int
    at_motif: Measured
    at_control: Measured
    difference: Measured


def motif_gain(places: MotifPlaces, answered: Answered, baseline: str, *, n_resamples: int, seed: int) -> MotifGain:
    """Means over places of bits of the baseline minus bits of the model, and intervals over resamples of places."""
    at_motif, at_control = (
        (answered.bits(baseline, sites) - answered.bits(MODEL, sites)).mean(1)
        for sites in (places.sites, places.control)
    )
    draws = group_draws(len(at_motif), n_resamples, seed) / len(at_motif)
    others = draws if places.is_paired else group_draws(len(at_control), n_resamples, seed + 1) / len(at_control)
    motif_R, control_R = draws @ at_motif, others @ at_control
    motif, control = float(at_motif.mean()), float(at_control.mean())
    return MotifGain(
        places.name,
        len(at_motif),
        len(at_control),
        with_interval(motif, motif_R),
        with_interval(control, control_R),
        with_interval(motif - control, motif_R - control_R),
    )


class MotifLogo(NamedTuple):
    """Mean p(A, C, G, T) at each position of a motif on the gene's strand, (S, 4): what stands there, what is expected.

    ``offsets`` int64 (S,) are those of the landmark, or of the pattern's first base.
    """

    name: str
    n_places: int
    offsets: list[int]
    observed: NDArray[np.float64]
    expected: dict[str, NDArray[np.float64]]


def motif_logos(motifs: Sequence[MotifPlaces], answered: Answered, baseline: str) -> list[MotifLogo]:
    """Of each motif, what the model and the baseline expect where they do not see the base."""
    return [
        MotifLogo(
            places.name,
            len(places.sites),
            places.offsets,
            _mean_on_sense(places, np.eye(4)[answered.bases[answered.rows(places.sites)]]),
            {
                source: _mean_on_sense(places, np.exp(answered.log_p[source][answered.rows(places.sites)]))
                for source in (MODEL, baseline)
            },
        )
        for places in motifs
    ]


def _mean_on_sense(places: MotifPlaces, p_AS4: NDArray[np.floating]) -> NDArray[np.float64]:
    is_forward = (places.strand > 0)[:, None, None]
    mean: NDArray[np.float64] = np.where(is_forward, p_AS4, p_AS4[..., ::-1]).mean(0, dtype=np.float64)
    return mean
