"""The size of a run: its numbers are those of the model and of the files that it will write."""

from pathlib import Path

import pytest

from dna_mamba.training.loop.checkpoint import list_checkpoints
from dna_mamba.training.pretrain import PretrainJob, read_recipe


def bytes_of(directory: Path) -> int:
    """All files but the figure of the card."""
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file() and path.suffix != ".png")


@pytest.mark.parametrize("freeze", ["[]", "[embedding, layers.0-3]"])
def test_files_are_as_large_as_said(recipe_path: Path, tmp_path: Path, freeze: str) -> None:
    overrides = ("init=yeast-tiny", "model={}", f"freeze={freeze}", "schedule.steps=1", "genome.test=[]")
    job = PretrainJob(read_recipe(recipe_path, overrides), tmp_path / "run")
    size = job.size()
    job.run()
    checkpoint = list_checkpoints(tmp_path / "run" / "checkpoints")[0]
    assert bytes_of(checkpoint) == pytest.approx(size.checkpoint_bytes, rel=0.01)
    assert bytes_of(tmp_path / "run" / "model") == pytest.approx(size.model_bytes, rel=0.01)
    assert size.disk_bytes == size.model_bytes + 3 * size.checkpoint_bytes
    assert size.free_disk_bytes > 0
    assert (size.frozen_parameters > size.parameters / 3) == (freeze != "[]")


def test_bases_tokens_and_epochs(recipe_path: Path, tmp_path: Path) -> None:
    size = PretrainJob(read_recipe(recipe_path), tmp_path / "run").size()
    assert (size.training_bp, size.steps, size.bp_per_step) == (6000, 12, 256)
    assert size.tokens == 12 * 256 and size.epochs == pytest.approx(12 * 256 / 6000)
    words = ("tokenizer={kind: kmer, k: 4, stride: 4}", "model.reverse_complement=none")
    assert PretrainJob(read_recipe(recipe_path, words), tmp_path / "run").size().tokens == 12 * 64
    assert not (tmp_path / "run").exists()
