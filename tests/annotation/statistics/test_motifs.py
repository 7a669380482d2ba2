"""A planted motif is found with its share and its distances; letters at fixed places count as they were counted."""

import random

import numpy as np

from dna_mamba.annotation.statistics.motifs import PositionWeights, find_motif, position_weights, windows
from tests.annotation.genes import codes_of, spacer

DISTANCES = {4: 0.25, 5: 0.5, 6: 0.25}


def before(share: float, rng: random.Random) -> str:
    """20 letters before a site, which follows 3 bases later; a share of them hold AGGAGG."""
    letters = spacer(20, rng)
    if rng.random() < share:
        end = 23 - rng.choices(list(DISTANCES), list(DISTANCES.values()))[0]
        letters = letters[: end - 6] + "AGGAGG" + letters[end:]
    return letters


def test_a_planted_motif_is_found() -> None:
    rng = random.Random(3)
    own = np.stack([codes_of(before(0.7, rng)) for _ in range(400)])
    others = np.stack([codes_of(spacer(20, rng)) for _ in range(2000)])
    motif = find_motif(own, others, 6, 3)
    assert motif.consensus == "AGGAGG" and abs(motif.share - 0.7) < 0.1
    found = dict(enumerate(motif.spacing, 3))
    assert all(abs(found.get(bp, 0) - DISTANCES.get(bp, 0)) < 0.1 for bp in range(3, 18))


def test_sites_with_the_motif_score_above_those_without() -> None:
    rng = random.Random(4)
    own = np.stack([codes_of(before(0.7, rng)) for _ in range(400)])
    motif = find_motif(own, np.stack([codes_of(spacer(20, rng)) for _ in range(2000)]), 6, 3)
    texts = ["T" * 9 + "AGGAGG" + "T" * 5, "T" * 20, "AGGAGG" + "T" * 14]
    with_it, without, too_far = (motif.at(codes_of(text), np.array([20]))[0] for text in texts)
    assert with_it > 3 and without < 0 and too_far < with_it - 3
    assert abs(motif.at(codes_of("NNN"), np.array([0]))[0]) < 1e-9  # unknown letters say nothing


def test_letters_off_the_ends_are_unknown() -> None:
    found = windows(codes_of("ACGT"), np.array([0, 3]), -2, 4)
    assert found.tolist() == [[4, 4, 0, 1], [1, 2, 3, 4]]


def test_weights_are_log_odds_of_counted_letters() -> None:
    own, others = np.stack([codes_of("A")] * 6 + [codes_of("C")] * 2), np.stack([codes_of(x) for x in "ACGT" * 50])
    weights = position_weights(own, others, -1)
    expected = np.log((6 + 4 * 7 / 12) / 12) - np.log((50 + 4 * 51 / 204) / 204)
    assert abs(weights.nats[0, 0] - expected) < 1e-12
    assert isinstance(weights, PositionWeights)
    assert weights.at(codes_of("AGN"), np.array([1, 0])).tolist() == [weights.nats[0, 0], 0.0]
