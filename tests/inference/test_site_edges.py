"""Sites at the exact edges of the parts that a long window is streamed in."""

import numpy as np
import pytest

from dna_mamba.alphabet import encode_bases
from dna_mamba.inference.likelihood import masked_log_probabilities
from dna_mamba.models.streaming import BUDGETS, DeviceBudget
from dna_mamba.sequences.windows import MaskedSite
from tests.worlds import random_sequence, small_model


@pytest.mark.parametrize("length", [17, 24, 32, 33])
def test_sites_at_the_edges_of_parts(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A budget of 16 positions of both strands: parts of 8; every offset beside an edge, and both ends."""
    model = small_model()
    codes = encode_bases(random_sequence(length)).tobytes()
    beside = {offset for edge in range(8, length, 8) for offset in (edge - 1, edge, edge + 1)}
    sites = [MaskedSite(codes, offset) for offset in sorted({0, length - 1, *beside} - {length})]
    expected = [masked_log_probabilities(model, [site])[0] for site in sites]
    monkeypatch.setitem(BUDGETS, "cpu", DeviceBudget(16, 0))
    for site, whole in zip(sites, expected, strict=True):
        np.testing.assert_allclose(masked_log_probabilities(model, [site])[0], whole, atol=1e-5)
