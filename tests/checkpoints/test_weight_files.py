"""Weights in one file or in several: the same model, the same refusals, a digest of all of them."""

import hashlib
from pathlib import Path

import pytest
import torch

from dna_mamba.checkpoints import convert, load_model, weights_sha256
from dna_mamba.checkpoints.manifest import file_sha256
from dna_mamba.checkpoints.weight_files import find_weights, read_tensors, sha256_of
from dna_mamba.errors import InputError
from tests.parity.published_files import (
    published_config,
    random_tensors,
    split_weights,
    without_tied_copies,
    write_published_directory,
)

IDS = torch.arange(40).reshape(2, 20) % 4 + 7


@pytest.fixture(params=["safetensors", "bin"])
def whole(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    config = published_config()
    return write_published_directory(tmp_path / "model", config, random_tensors(config, seed=8), request.param)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_several_files_are_the_same_model(whole: Path, count: int) -> None:
    expected = load_model(whole)(IDS).logits
    files = split_weights(whole, count)
    assert list(find_weights(whole).files) == files
    assert torch.equal(load_model(whole)(IDS).logits, expected)


def test_they_convert(whole: Path, tmp_path: Path) -> None:
    convert(whole, tmp_path / "one", "native")
    split_weights(whole, 3)
    convert(whole, tmp_path / "three", "native")
    assert weights_sha256(tmp_path / "one") == weights_sha256(tmp_path / "three")


def test_the_digest_is_that_of_the_sums_in_order_of_name(whole: Path) -> None:
    assert weights_sha256(whole) == file_sha256(*find_weights(whole).files)
    files = split_weights(whole, 3)
    lines = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(files))
    assert weights_sha256(whole) == hashlib.sha256(lines.encode()).hexdigest()


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_change_of_any_file_changes_the_digest(whole: Path, which: int) -> None:
    changed = split_weights(whole, 3)[which]
    before = sha256_of(find_weights(whole))
    content = bytearray(changed.read_bytes())
    content[-1] ^= 1
    changed.write_bytes(content)
    assert sha256_of(find_weights(whole)) != before


def test_what_comes_first(tmp_path: Path) -> None:
    """Safetensors before pickles, one file before several."""
    config = published_config()
    tensors = [random_tensors(config, seed) for seed in range(4)]
    both = write_published_directory(tmp_path / "both", config, tensors[3], "bin")
    split_weights(both, 2)
    for seed, form in ((2, "bin"), (1, "safetensors"), (0, "safetensors")):
        other = write_published_directory(tmp_path / str(seed), config, tensors[seed], form)
        if seed == 1:
            split_weights(other, 2)
        for path in other.iterdir():
            path.rename(both / path.name)
        found = read_tensors(find_weights(both))
        expected = tensors[seed] if form == "bin" else without_tied_copies(tensors[seed])
        assert found.keys() == expected.keys() and all(torch.equal(found[name], x) for name, x in expected.items())


def test_tensors_of_all_files_are_checked_against_the_configuration(whole: Path) -> None:
    split_weights(whole, 2)
    (whole / "config.json").write_text((whole / "config.json").read_text().replace('"n_layer": 2', '"n_layer": 1'))
    with pytest.raises(InputError, match=r"index\.json: surplus tensor 'caduceus\.backbone\.layers\.1"):
        load_model(whole)


def test_no_weights_at_all(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has neither model"):
        find_weights(tmp_path)
