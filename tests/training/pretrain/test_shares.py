"""The shares of all processes and passes are the batch, once."""

from pathlib import Path

import pytest
import torch

from dna_mamba.training.distributed.world import World
from dna_mamba.training.pretrain import PretrainJob, read_recipe
from dna_mamba.training.pretrain.shares import BatchShare, SharedBatches, even_part


@pytest.mark.parametrize(("count", "parts"), [(7, 3), (2, 4), (0, 2), (8, 4), (5, 1)])
def test_even_parts_follow_one_another(count: int, parts: int) -> None:
    spans = [even_part(count, number, parts) for number in range(parts)]
    assert [i for first, last in spans for i in range(first, last)] == list(range(count))
    sizes = [last - first for first, last in spans]
    assert max(sizes) - min(sizes) <= 1 and sizes == sorted(sizes, reverse=True)


def weighed(shares: list[BatchShare]) -> list[BatchShare]:
    return [share for share in shares if share.rows.weights.any()]


@pytest.mark.parametrize("processes", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("micro_windows", [None, 1, 2])
def test_the_shares_are_the_batch(recipe_path: Path, processes: int, micro_windows: int | None) -> None:
    job = PretrainJob(read_recipe(recipe_path, ("batch.windows=5",)), recipe_path.parent / "run")
    by_rank = [SharedBatches(job.batches, World(rank, processes), micro_windows)[3] for rank in range(processes)]
    assert len({len(shares) for shares in by_rank}) == 1  # all processes take part in every exchange
    batch = job.batches[3]
    shares = [share for shares in by_rank for share in weighed(shares)]
    assert sum((share.rows.windows for share in shares), ()) == batch.windows
    assert torch.equal(torch.cat([share.rows.inputs for share in shares]), batch.inputs)
    assert torch.equal(torch.cat([share.rows.weights for share in shares]), batch.weights)
    assert all(share.part is None for share in shares)
    assert all(len(share.rows.inputs) <= (micro_windows or 5) for share in shares)
    assert all(shares for shares in by_rank)
