"""What a checkpoint holds is what training resumes from."""

import errno
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch

from dna_mamba.errors import InputError, MachineError
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.training.loop.checkpoint import (
    TrainingState,
    checkpoint_path,
    list_checkpoints,
    restore_newest,
    save_checkpoint,
)
from dna_mamba.training.loop.optimiser import OptimiserConfig, build_optimiser
from tests.training.models import tiny_model

IDS = torch.arange(7, 11).repeat(2, 6)


def stepped(steps: int) -> tuple[MaskedLanguageModel, torch.optim.AdamW]:
    model = tiny_model()
    optimiser = build_optimiser(model, OptimiserConfig())
    for _ in range(steps):
        step(model, optimiser)
    return model, optimiser


def step(model: MaskedLanguageModel, optimiser: torch.optim.Optimizer) -> None:
    optimiser.zero_grad()
    model(IDS).logits[..., 7].sum().backward()
    optimiser.step()


def restore(directory: Path, fingerprint: str = "f", *, strict: bool = False) -> tuple[object, ...]:
    model = tiny_model()
    optimiser = build_optimiser(model, OptimiserConfig())
    news: list[str] = []
    state = restore_newest(directory, model, optimiser, fingerprint, strict=strict, report=news.append)
    return state, model, optimiser, news


def test_a_restored_run_steps_as_the_one_that_was_saved(tmp_path: Path) -> None:
    model, optimiser = stepped(3)
    save_checkpoint(tmp_path, model, optimiser, TrainingState(3, "f"), keep=2)
    state, again, its_optimiser, _ = restore(tmp_path)
    assert state == TrainingState(3, "f")
    assert isinstance(again, MaskedLanguageModel) and isinstance(its_optimiser, torch.optim.AdamW)
    for _ in range(2):
        step(model, optimiser)
        step(again, its_optimiser)
    for (name, one), other in zip(model.named_parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other), name


def test_the_newest_are_kept(tmp_path: Path) -> None:
    model, optimiser = stepped(1)
    for number in (1, 2, 10, 3):
        save_checkpoint(tmp_path, model, optimiser, TrainingState(number, "f"), keep=2)
    assert list_checkpoints(tmp_path) == [checkpoint_path(tmp_path, 10), checkpoint_path(tmp_path, 3)]


@pytest.mark.parametrize("file", ["model.safetensors", "optimiser.safetensors", "state.json"])
def test_a_full_disk_keeps_the_older(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    """Whichever file it is that no longer fits."""
    older = save_checkpoint(tmp_path, *stepped(1), TrainingState(1, "f"), keep=1)
    opened = io.open

    def full(path: object, *more: Any, **options: Any) -> Any:
        if str(path).endswith(file) and ".partial" in str(path):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return opened(path, *more, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(io, "open", full)
    with pytest.raises(MachineError, match="the disk is full"):
        save_checkpoint(tmp_path, *stepped(2), TrainingState(2, "f"), keep=1)
    assert [path.name for path in tmp_path.iterdir()] == [older.name]


def test_an_empty_directory_has_none(tmp_path: Path) -> None:
    assert restore(tmp_path / "none")[0] is None


def test_another_run_is_refused(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, *stepped(1), TrainingState(1, "f"), keep=2)
    with pytest.raises(InputError, match="another recipe"):
        restore(tmp_path, "g")


@pytest.mark.parametrize("file", ["model.safetensors", "optimiser.safetensors", "state.json"])
def test_damage_to_any_file_is_found_and_the_older_taken(tmp_path: Path, file: str) -> None:
    model, optimiser = stepped(1)
    save_checkpoint(tmp_path, model, optimiser, TrainingState(1, "f"), keep=2)
    newest = save_checkpoint(tmp_path, model, optimiser, TrainingState(2, "f"), keep=2)
    content = bytearray((newest / file).read_bytes())
    content[len(content) // 2] ^= 1
    (newest / file).write_bytes(content)
    state, _, _, news = restore(tmp_path)
    assert state == TrainingState(1, "f") and "checkpoint skipped" in str(news)
    with pytest.raises(InputError, match="SHA-256"):
        restore(tmp_path, strict=True)


def test_all_damaged_is_not_a_new_start(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path, *stepped(1), TrainingState(1, "f"), keep=2)
    (path / "state.json").write_text(json.dumps({"step": 5}))
    with pytest.raises(InputError, match="every checkpoint is damaged"):
        restore(tmp_path)
