"""Where the two strands meet: mirrors and joins against loops over positions, tokens and channels."""

import pytest
import torch

from dna_mamba.models.strands import (
    join_average,
    join_shared,
    mirror,
    mirror_index,
    reverse_complement_ids,
    tied_logits,
)

COMPLEMENT = torch.tensor([0, 1, 5, 4, 3, 2])
"""Six tokens: two of no base, then two pairs of complements."""
LENGTHS = torch.tensor([7, 4, 1])


@pytest.fixture
def hidden() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Hidden states of both strands (2, 5, 3), the second mirrored already, and an embedding (6, 3)."""
    generator = torch.Generator().manual_seed(4)
    a, b, embedding = (torch.randn(shape, generator=generator) for shape in ((2, 5, 3), (2, 5, 3), (6, 3)))
    return a, b, embedding


def logits_by_hand(a: torch.Tensor, b: torch.Tensor, embedding: torch.Tensor) -> torch.Tensor:
    """For each token: what this strand says of it plus what the other strand says of its complement."""
    logits = torch.empty(2, 5, 6)
    for row in range(2):
        for position in range(5):
            for token in range(6):
                here = sum(a[row, position, c] * embedding[token, c] for c in range(3))
                there = sum(b[row, position, c] * embedding[COMPLEMENT[token], c] for c in range(3))
                logits[row, position, token] = here + there
    return logits


def test_shared_strands_are_summed_and_lie_side_by_side(hidden: tuple[torch.Tensor, ...]) -> None:
    a, b, embedding = hidden
    joined = join_shared(a, b, embedding, COMPLEMENT)
    torch.testing.assert_close(joined.logits, logits_by_hand(a, b, embedding))
    assert joined.hidden.shape == (2, 5, 6)
    for channel in range(3):
        assert torch.equal(joined.hidden[..., channel], a[..., channel])
        assert torch.equal(joined.hidden[..., 3 + channel], b[..., 2 - channel])


def test_averaged_strands_are_means(hidden: tuple[torch.Tensor, ...]) -> None:
    a, b, embedding = hidden
    joined = join_average(a, b, embedding, COMPLEMENT)
    torch.testing.assert_close(joined.logits, logits_by_hand(a, b, embedding) / 2)
    torch.testing.assert_close(joined.hidden, (a + b) / 2)


@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_the_mirror_reverses_each_sequence_and_leaves_pads(lengths: torch.Tensor | None) -> None:
    ids, x = torch.zeros(3, 7, dtype=torch.int64), torch.randn(3, 7, 2)
    index = mirror_index(ids, lengths)
    for row in range(3):
        end = 7 if lengths is None else int(lengths[row])
        assert index[row].tolist() == [*range(end - 1, -1, -1), *range(end, 7)]
        assert torch.equal(mirror(x, index)[row, :end], x[row, :end].flip(0))
        assert torch.equal(mirror(x, index)[row, end:], x[row, end:])
    assert torch.equal(mirror(x, index[:, 2:5]), mirror(x, index)[:, 2:5])


@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_the_other_strand_letter_by_letter(lengths: torch.Tensor | None) -> None:
    """Tokens 2 and 5 are complements, as are 3 and 4; pads, even where they look like bases, stay."""
    ids = torch.randint(1, 6, (3, 7), generator=torch.Generator().manual_seed(1))
    other = reverse_complement_ids(ids, COMPLEMENT, lengths)
    pairs = {1: 1, 2: 5, 5: 2, 3: 4, 4: 3}
    for row in range(3):
        end = 7 if lengths is None else int(lengths[row])
        assert other[row].tolist() == [pairs[i] for i in ids[row, :end].tolist()[::-1]] + ids[row, end:].tolist()
    assert torch.equal(reverse_complement_ids(other, COMPLEMENT, lengths), ids)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [(torch.bfloat16, torch.float32), (torch.float16, torch.float32), (torch.float32, torch.float32),
     (torch.float64, torch.float64)],
)  # fmt: skip
def test_logits_are_float32_at_least(dtype: torch.dtype, expected: torch.dtype) -> None:
    """The product too: logits are not rounded to the weights' dtype."""
    generator = torch.Generator().manual_seed(2)
    a, b, embedding = (torch.randn(shape, generator=generator).to(dtype) for shape in ((1, 4, 8), (1, 4, 8), (6, 8)))
    single = tied_logits(a, embedding)
    assert single.dtype == expected
    wide_a, wide_b, wide_embedding = (x.to(expected) for x in (a, b, embedding))
    torch.testing.assert_close(single, wide_a @ wide_embedding.T, rtol=1e-6, atol=1e-6)
    other = tied_logits(b, embedding[COMPLEMENT])
    torch.testing.assert_close(other, wide_b @ wide_embedding[COMPLEMENT].T, rtol=1e-6, atol=1e-6)
    assert torch.equal(join_shared(a, b, embedding, COMPLEMENT).logits, single + other)
    averaged = join_average(a, b, embedding, COMPLEMENT)
    assert torch.equal(averaged.logits, (single + other) / 2) and averaged.hidden.dtype == dtype
