"""Means over bins, whatever the parts."""

from itertools import pairwise

import torch
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.models.heads.bins import BinMeans


@given(
    length=st.integers(1, 40), bin_bp=st.integers(1, 9), cuts=st.sets(st.integers(1, 39)), gradients=st.booleans()
)
def test_any_parts_give_the_means_of_whole_bins(length: int, bin_bp: int, cuts: set[int], gradients: bool) -> None:
    x = torch.randn(2, length, 3, generator=torch.Generator().manual_seed(length))
    bins, found = BinMeans(bin_bp), []
    with torch.set_grad_enabled(gradients):
        for start, end in pairwise([0, *sorted(cut for cut in cuts if cut < length), length]):
            part = x[:, start:end].clone()
            found.append(bins.add(part))
            part.zero_() if not gradients else None  # what is kept of a part is not a view of it
    means = torch.cat(found, dim=1)
    assert means.shape == (2, length // bin_bp, 3)
    for index in range(length // bin_bp):
        expected = x[:, index * bin_bp : (index + 1) * bin_bp].mean(1)
        torch.testing.assert_close(means[:, index], expected)
