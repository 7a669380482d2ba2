"""Tracks over one region as arrays."""

import numpy as np
import pytest

from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.io.fasta import FastaReader
from dna_mamba.scoring import genome_tracks
from tests.worlds import random_sequence, small_model, write_fasta

LENGTH = 211
NAMES = ("ref-llr", "entropy", "probability:G", "embedding:3")


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return FastaReader(write_fasta(tmp_path_factory.mktemp("genome") / "g.fa", {"c": random_sequence(LENGTH)}))


@pytest.mark.parametrize("region", [(0, 5), (60, 140), (LENGTH - 1, LENGTH)])
def test_a_region_has_the_values_of_the_whole(reference, region):
    model = small_model()
    whole = genome_tracks("c", reference, model, tracks=NAMES, window_bp=48, overlap_bp=17).values
    part = genome_tracks(Interval("c", *region), reference, model, tracks=NAMES, window_bp=48, overlap_bp=17)
    assert part.region == Interval("c", *region) and part.names == NAMES
    assert part.values.shape == (4, region[1] - region[0]) and part.values.dtype == np.float32
    np.testing.assert_allclose(part.values, whole[:, slice(*region)], atol=1e-5)


def test_by_path_and_by_object_alike(reference):
    model = small_model()
    one, other = (genome_tracks("c:1-20", genome, model).values for genome in (reference, str(reference.path)))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("how", "hint"),
    [
        ({"region": "c:200-212"}, "ends past c"),
        ({"region": "c", "tracks": ["odds"]}, "no track 'odds'"),
        ({"region": "c", "window_bp": 10, "overlap_bp": 10}, "less than the window"),
    ],
)
def test_mistakes(reference, how, hint):
    with pytest.raises(InputError, match=hint):
        genome_tracks(reference=reference, model=small_model(), **how)
