"""Models by their name on the hub, from a cache laid out by hand: what is found is pinned, changes are refused."""

import json
import os
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest
import torch

from dna_mamba.checkpoints import load_model, weights_sha256
from dna_mamba.checkpoints.hub import FILES, fetch
from dna_mamba.checkpoints.manifest import file_sha256
from dna_mamba.errors import InputError
from tests.parity.published_files import published_config, random_tensors, split_weights, write_published_directory

COMMITS = ("0123456789abcdef" * 3)[:40], "f" * 40
NAME = "hf:field-group/caduceus-small"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's cache with one model in two commits; no network."""
    from huggingface_hub import constants

    repository = tmp_path / "hub" / "models--field-group--caduceus-small"
    (repository / "snapshots").mkdir(parents=True)
    (repository / "refs").mkdir()
    config = published_config()
    for seed, commit in enumerate(COMMITS):
        write_published_directory(repository / "snapshots" / commit, config, random_tensors(config, seed))
    (repository / "refs" / "main").write_text(COMMITS[0])
    (repository / "refs" / "v2").write_text(COMMITS[1])
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return repository


def weights(hub: Path, commit: str) -> Path:
    return hub / "snapshots" / commit / "model.safetensors"


def test_a_model_is_loaded_and_pinned(hub: Path, tmp_path: Path) -> None:
    ids = torch.randint(7, 11, (1, 20))
    expected = load_model(hub / "snapshots" / COMMITS[0])(ids).logits
    assert torch.equal(load_model(NAME)(ids).logits, expected)
    assert weights_sha256(NAME) == file_sha256(weights(hub, COMMITS[0]))
    (pin,) = (tmp_path / "cache" / "dna-mamba" / "hub").iterdir()
    recorded = {"commit": COMMITS[0], "weights_sha256": file_sha256(weights(hub, COMMITS[0]))}
    assert json.loads(pin.read_text()) == recorded


def test_a_model_in_several_files_is_pinned_by_all_of_them(hub: Path) -> None:
    directory = hub / "snapshots" / COMMITS[0]
    expected = load_model(directory).state_dict()
    files = split_weights(directory, 3)
    assert all(torch.equal(x, expected[name]) for name, x in load_model(NAME).state_dict().items())
    files[1].write_bytes(files[1].read_bytes() + b" ")
    with pytest.raises(InputError, match=r"is not the .* first used; remove the file") as refused:
        fetch(NAME)
    assert refused.value.place == directory / "model.safetensors.index.json"


def test_a_snapshot_without_one_of_several_files_is_fetched_again(hub: Path) -> None:
    """Without a network that fails; it is not taken for whole."""
    split_weights(hub / "snapshots" / COMMITS[0], 2)[0].unlink()
    with pytest.raises(InputError, match="missing file 'model-00001-of-00002"):
        fetch(NAME)


@pytest.mark.parametrize("suffix", [".safetensors", ".bin"])
def test_several_files_are_asked_of_the_hub(suffix: str) -> None:
    stem = {".safetensors": "model", ".bin": "pytorch_model"}[suffix]
    wanted = [f"{stem}{suffix}", f"{stem}{suffix}.index.json", f"{stem}-00001-of-00002{suffix}", "config.json"]
    assert all(any(fnmatch(name, pattern) for pattern in FILES) for name in wanted)
    assert not any(fnmatch(name, pattern) for name in ("optimizer.bin", "training_args.bin") for pattern in FILES)


def test_the_pinned_commit_stays(hub: Path) -> None:
    assert fetch(NAME).name == COMMITS[0]
    (hub / "refs" / "main").write_text(COMMITS[1])
    assert fetch(NAME).name == COMMITS[0]


def test_revisions(hub: Path) -> None:
    assert [fetch(f"{NAME}@{r}").name for r in ("main", "v2", COMMITS[1])] == [COMMITS[0], COMMITS[1], COMMITS[1]]


def test_changed_weights_are_refused(hub: Path) -> None:
    fetch(NAME)
    weights(hub, COMMITS[0]).write_bytes(weights(hub, COMMITS[1]).read_bytes())
    with pytest.raises(InputError, match=r"is not the .* first used; remove the file"):
        load_model(NAME)


def test_a_spoiled_pin_is_named(hub: Path, tmp_path: Path) -> None:
    fetch(NAME)
    (pin,) = (tmp_path / "cache" / "dna-mamba" / "hub").iterdir()
    pin.write_text('{"commit": 5}')
    with pytest.raises(InputError, match="is not a record of a hub model"):
        fetch(NAME)


def test_a_snapshot_without_weights(hub: Path) -> None:
    weights(hub, COMMITS[0]).unlink()
    with pytest.raises(InputError, match="has neither model"):
        fetch(NAME)


@pytest.mark.parametrize("name", ["hf:", "hf:owner", "hf:a/b/c", "hf:../b", "hf:a/b@", "hf:a/b@../c", "hf:a/b c"])
def test_names_that_are_none(hub: Path, name: str) -> None:
    with pytest.raises(InputError, match="is not a hub name; write hf:owner/name"):
        load_model(name)


@pytest.mark.parametrize("name", ["hf:field-group/other", f"{NAME}@v3", "hf:-a/b--c"])
def test_what_is_not_there_is_one_line(hub: Path, name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be fetched \(.+\); check the name and the network") as caught:
        load_model(name)
    assert "\n" not in str(caught.value) and not (tmp_path / "cache" / "dna-mamba").exists()


def test_without_the_client(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(InputError, match=r"needs huggingface_hub, which .*; pip install 'dna-mamba\[hf\]'"):
        load_model(NAME)


def test_commands_say_it_and_exit_with_2(hub: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(hub.parent)}
    command = [sys.executable, "-m", "dna_mamba", "convert", "--to", "native"]
    found = subprocess.run([*command, NAME, "out"], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (0, "") and (tmp_path / "out" / "model.safetensors").exists()
    missing = subprocess.run(
        [*command, "hf:field-group/other", "gone"], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert (missing.returncode, missing.stdout) == (2, "") and not (tmp_path / "gone").exists()
    (line,) = missing.stderr.splitlines()
    assert line.startswith("dna-mamba: 'hf:field-group/other' cannot be fetched (")
