"""How tensors are handed to the Triton kernels, and how their work is cut."""

import pytest
import torch

from dna_mamba_kernels.triton import tiling
from dna_mamba_kernels.triton.layout import Rows, common_unit, rows
from dna_mamba_kernels.triton.operands import padded_columns, paired_rows, states_first, unpadded_rows


@pytest.mark.parametrize("exponent", [10, 11, 15, 17, 20])
def test_a_power_of_two_is_cut_as_what_is_just_below(exponent):
    """Chunks grow after it: they are half as long as they would be if it began the longer ones."""
    assert tiling.tiling(2**exponent) == tiling.tiling(2**exponent - 1)
    assert tiling.tiling(2**20).chunk == 512 and tiling.tiling(2**20 + 1).chunk == 1024


def test_rows_lie_where_they_were():
    """Float32 with an even number of states: nothing is copied, in either direction."""
    projection = torch.randn(2, 5, 12)
    B_BLN = projection[..., 4:8]
    found = paired_rows(B_BLN, False)
    assert found.first is not None and found.first.data_ptr() == B_BLN.data_ptr()
    assert (found.batch, found.row) == (5 * 12 // 2, 12 // 2)
    mirrored = paired_rows(B_BLN, True)
    assert mirrored.first is not None and mirrored.first.data_ptr() == B_BLN[:, -1:].data_ptr()
    assert mirrored.row == -6


@pytest.mark.parametrize("first, states, dtype", [(3, 4, torch.float32), (4, 3, torch.float32), (4, 4, torch.bfloat16)])
def test_rows_that_loads_of_two_cannot_take_are_copied(first, states, dtype):
    """Begun at an odd number, of an odd number of states, or in half precision."""
    x_BLN = torch.randn(2, 5, 12, dtype=dtype)[..., first : first + states]
    found = paired_rows(x_BLN, False)
    assert found.first is not None and found.first.dtype == torch.float32 and found.first.data_ptr() % 8 == 0
    width = states + states % 2
    assert (found.batch, found.row) == (5 * width // 2, width // 2)
    assert torch.equal(found.first[..., :states], x_BLN.float())
    assert not found.first[..., states:].any()


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("length", [16, 19])
def test_columns_there_and_back(length, reverse):
    x_BLN = torch.randn(2, length, 3, dtype=torch.bfloat16)
    columns_BNL = padded_columns(x_BLN, 16, reverse)
    assert columns_BNL.shape == (2, 3, -(-length // 16) * 16) and columns_BNL.dtype == torch.float32
    assert not columns_BNL[..., length:].any()
    assert torch.equal(columns_BNL[:, 1, 0], x_BLN[:, -1 if reverse else 0, 1].float())
    back_BLN = unpadded_rows(columns_BNL, length, reverse)
    assert torch.equal(back_BLN, x_BLN.float()) and back_BLN.is_contiguous()


def test_states_are_a_copy_or_zeros():
    A_ND = torch.randn(2, 3)
    state_BDN = torch.randn(4, 3, 2)
    found = states_first(state_BDN, A_ND, 4)
    assert torch.equal(found[0], state_BDN.transpose(1, 2))
    found.zero_()
    assert state_BDN.all()
    assert torch.equal(states_first(None, A_ND, 4), torch.zeros(1, 4, 2, 3))


def test_strides_are_counted_in_eights_where_every_row_begins_at_sixteen_bytes():
    x_BLD = torch.zeros(2, 5, 32, dtype=torch.bfloat16)
    assert common_unit(16, rows(x_BLD[..., 16:], True), rows(x_BLD, False), Rows(None, 0, 0)) == 8
    assert rows(x_BLD, True).counted(8)[1:] == (20, -4)
    assert common_unit(12, rows(x_BLD, False)) == 1
    assert common_unit(16, rows(x_BLD[..., 4:20], False)) == 1
    assert common_unit(16, rows(torch.zeros(2, 5, 20), False)) == 1
