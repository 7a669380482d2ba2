"""Weights and temperature: how often each genome is drawn."""

import numpy as np
import pytest

from dna_mamba.data.densities import genome_densities
from dna_mamba.data.genomes import LoadedGenomes
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval


def genomes() -> LoadedGenomes:
    loaded = LoadedGenomes()
    for name, chrom, length in (("big", "b1", 600), ("big", "b2", 200), ("small", "s", 200)):
        loaded.add(name, chrom, np.zeros(length, dtype=np.uint8))
    return loaded


PLACES = [Interval("b1", 0, 600), Interval("b2", 0, 200), Interval("s", 0, 100), Interval("s", 100, 200)]


@pytest.mark.parametrize(
    ("weights", "temperature", "small"),
    [
        ({}, 0.0, 0.5),
        ({}, 0.5, 1 / (1 + 2)),
        ({"small": 4.0}, 1.0, 0.5),
        ({"big": 0.0}, 1.0, 1.0),
        ({"big": 3.0, "small": 1.0}, 0.0, 0.25),
    ],
)
def test_probabilities(weights: dict[str, float], temperature: float, small: float) -> None:
    densities = genome_densities(genomes(), PLACES, weights, temperature)
    assert densities is not None
    read = [density * len(place) for density, place in zip(densities, PLACES, strict=True)]
    assert sum(read[2:]) / sum(read) == pytest.approx(small)
    assert densities[0] == densities[1] and densities[2] == densities[3]


def test_by_size_is_as_without() -> None:
    assert genome_densities(genomes(), PLACES, {}, 1.0) is None
    assert genome_densities(genomes(), PLACES, {"big": 2, "small": 2}, 1.0) is None
    assert genome_densities({"c": np.zeros(5, dtype=np.uint8)}, [Interval("c", 0, 5)], {}, 0.3) is None


def test_weights_that_cannot_be() -> None:
    with pytest.raises(InputError, match=r"genome\.weights: no genome 'medium'; genomes are big, small"):
        genome_densities(genomes(), PLACES, {"medium": 1}, 1.0)
    with pytest.raises(InputError, match="has a weight above 0"):
        genome_densities(genomes(), PLACES[:2], {"big": 0}, 1.0)
