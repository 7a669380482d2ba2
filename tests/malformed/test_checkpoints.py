"""Published checkpoints that are damaged, hostile or of another kind: one line that names the place, never code run."""

import json
import pickle
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import Tensor

from dna_mamba.checkpoints import load_model
from dna_mamba.cli.main import cli
from dna_mamba.errors import InputError
from tests.parity.published_files import (
    BACKBONE,
    Tensors,
    published_config,
    random_tensors,
    write_published_directory,
)

HEAD = "lm_head.lm_head.weight"
MIXER = f"{BACKBONE}layers.1.mixer.submodule."
CLASSIFIER = {"architectures": ["CaduceusForSequenceClassification"]}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    config = published_config()
    return write_published_directory(tmp_path / "model", config, random_tensors(config, seed=1))


def edit_config(directory: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads((directory / "config.json").read_text())
    edit(content)
    (directory / "config.json").write_text(json.dumps(content))


def edit_weights(directory: Path, **changes: Tensor | None) -> None:
    tensors = {**load_file(directory / "model.safetensors"), **changes}
    save_file({name: x for name, x in tensors.items() if x is not None}, directory / "model.safetensors")


def edit_bytes(path: Path, edit: Callable[[bytes], bytes]) -> None:
    path.write_bytes(edit(path.read_bytes()))


def only_pickle(directory: Path, content: object) -> None:
    (directory / "model.safetensors").unlink()
    torch.save(content, directory / "pytorch_model.bin")


def refusal(directory: Path) -> str:
    """The line; a command says the same and exits with 2."""
    with pytest.raises(InputError) as caught:
        load_model(directory)
    result = CliRunner().invoke(cli, ["convert", str(directory), str(directory.parent / "out"), "--to", "native"])
    assert result.exit_code == 2 and result.stderr.splitlines()[-1].endswith(f": {caught.value}")
    assert not (directory.parent / "out").exists()
    assert "\n" not in str(caught.value)
    return str(caught.value)


CONFIGS: dict[str, dict[str, Any]] = {
    "dropout": {"dropout": 0.1},
    "bidirectional (False)": {"bidirectional": False},
    "tie_word_embeddings (False)": {"tie_word_embeddings": False},
    "bidirectional_strategy ('concat')": {"bidirectional_strategy": "concat"},
    "d_model (-8)": {"d_model": -8},
    "d_model (8000000000)": {"d_model": 8_000_000_000},
    "n_layer (8000000000)": {"n_layer": 8_000_000_000},
    "norm_epsilon (inf)": {"norm_epsilon": float("inf")},
    "ssm_cfg.flavour": {"ssm_cfg": {"flavour": "mamba2"}},
    "ssm_cfg.dt_rank": {"ssm_cfg": {"dt_rank": -1}},
    "ssm_cfg.d_state": {"ssm_cfg": {"d_state": "sixteen"}},
    "architectures": {"architectures": 5},
    "architectures.0": {"architectures": [5]},
    "complement_map: missing": {"complement_map": None},
    "complement_map: ids outside": {"complement_map": {"7": 99}},
    "complement_map: is that of no known vocabulary": {"complement_map": {str(i): i for i in range(16)}},
    "complement_map.x": {"complement_map": {"x": 1}},
    "complement_map: ids outside a vocabulary of 8": {"vocab_size": 7},
    "word_embeddings.complement_map' is not": {
        "vocab_size": 24,
        "complement_map": published_config()["complement_map"],
    },
    "missing tensor 'score.weight'": CLASSIFIER,
    "(16, 8), the config says (16, 16)": {"d_model": 16},
    "missing tensor 'caduceus.backbone.layers.2.norm.weight'": {"n_layer": 3},
    "surplus tensor 'caduceus.backbone.layers.1": {"n_layer": 1},
    "missing tensor 'caduceus.backbone.norm_f.submodule.weight'": {"fused_add_norm": False},
    "missing tensor 'caduceus.backbone.embeddings.word_embeddings.weight'": {"rcps": False},
    "norm_f.bias": {"rms_norm": False},
    "mamba_rev.in_proj.weight'": {"bidirectional_weight_tie": False},
    "in_proj.bias": {"ssm_cfg": {"bias": True, "d_state": 4}},
    "conv1d.bias": {"ssm_cfg": {"conv_bias": False, "d_state": 4}},
    "x_proj.weight' has shape (9, 16), the config says (33, 16)": {"ssm_cfg": None},
}


@pytest.mark.parametrize("named", CONFIGS)
def test_configurations(directory: Path, named: str) -> None:
    edit_config(directory, lambda content: content.update(CONFIGS[named]))
    assert named in refusal(directory)


WEIGHTS: dict[str, tuple[str, Tensor | None]] = {
    "missing tensor 'caduceus.backbone.norm_f.weight'": (f"{BACKBONE}norm_f.weight", None),
    "surplus tensor 'surplus'": ("surplus", torch.ones(2)),
    "mixer.submodule.mamba_fwd.A_log' has shape (2, 2), the config says (16, 4)": (
        f"{MIXER}mamba_fwd.A_log",
        torch.ones(2, 2),
    ),
    "conv1d.weight' has shape (5,), the config says (16, 1, 4)": (f"{MIXER}mamba_rev.conv1d.weight", torch.ones(5)),
    "conv1d.weight' has shape (16, 4)": (f"{MIXER}mamba_rev.conv1d.weight", torch.ones(16, 4)),
    "norm.weight' is of dtype torch.int32": (f"{BACKBONE}layers.0.norm.weight", torch.ones(8, dtype=torch.int32)),
    f"embedding.weight' and '{HEAD}' differ": (HEAD, torch.ones(16, 8)),
    "in_proj.weight' differ, though": (f"{MIXER}mamba_rev.in_proj.weight", torch.ones(32, 8)),
    "'lm_head.complement_map' is not the complement_map of the config": ("lm_head.complement_map", torch.arange(16)),
    "word_embeddings.complement_map' is not": (f"{BACKBONE}embeddings.word_embeddings.complement_map", torch.ones(3)),
}


@pytest.mark.parametrize("named", WEIGHTS)
def test_weights(directory: Path, named: str) -> None:
    name, tensor = WEIGHTS[named]
    edit_weights(directory, **{name: tensor})
    assert named in refusal(directory)


FILES: dict[str, Callable[[Path], object]] = {
    "model.safetensors: cannot be read": lambda d: edit_bytes(d / "model.safetensors", lambda b: b[:-1]),
    "safetensors (": lambda d: edit_bytes(d / "model.safetensors", lambda b: b"\xff" * 8 + b[8:]),
    "model.safetensors: cannot": lambda d: edit_bytes(d / "model.safetensors", lambda b: b""),
    "has neither model.safetensors nor pytorch_model.bin": lambda d: (d / "model.safetensors").unlink(),
    "weights in several files are not supported": lambda d: (d / "model.safetensors").rename(
        d / "model.safetensors.index.json"
    ),
    "config.json: file not found": lambda d: (d / "config.json").unlink(),
    "config.json: cannot be read as JSON": lambda d: edit_bytes(d / "config.json", lambda b: b[:-5]),
    "cannot be read as JSON (maximum": lambda d: (d / "config.json").write_text("[" * 100_000),
    "is no JSON object": lambda d: (d / "config.json").write_text("5"),
    "is no table of tensors": lambda d: only_pickle(d, [torch.ones(2)]),
    "'a' is no plain tensor": lambda d: only_pickle(d, {"a": 5}),
    "'b' is no plain tensor": lambda d: only_pickle(d, {"b": torch.ones(2, 2).to_sparse()}),
    "'c' is no plain tensor": lambda d: only_pickle(d, {"c": torch.ones(1).expand(2**40)}),
    "pytorch_model.bin: holds more than tensors, or is damaged": lambda d: (d / "model.safetensors").rename(
        d / "pytorch_model.bin"
    ),
}


@pytest.mark.parametrize("named", FILES)
def test_files(directory: Path, named: str) -> None:
    FILES[named](directory)
    assert named in refusal(directory)


class Hostile:
    """Unpickling this leaves a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_pickle_does_not_run(directory: Path, tmp_path: Path, zipped: bool) -> None:
    trace, content = (
        tmp_path / "was here",
        {**random_tensors(published_config(), seed=1), "x": Hostile(tmp_path / "was here")},
    )
    (directory / "model.safetensors").unlink()
    torch.save(content, directory / "pytorch_model.bin", _use_new_zipfile_serialization=zipped)
    assert "holds more than tensors" in refusal(directory)
    (directory / "pytorch_model.bin").write_bytes(pickle.dumps(Hostile(trace)))
    assert "holds more than tensors" in refusal(directory)
    assert not trace.exists()
    pickle.loads(pickle.dumps(Hostile(trace)))
    assert trace.exists()


def test_labels_are_the_weights(tmp_path: Path) -> None:
    config = published_config(**CLASSIFIER, num_labels=3)
    directory = write_published_directory(tmp_path / "model", config, random_tensors(config, seed=1))
    edit_config(directory, lambda content: content.update(num_labels=2))
    assert "num_labels: 2, and 'score.weight' is (3, 8)" in refusal(directory)
    edit_config(directory, lambda content: content.update(num_labels=None, id2label={"0": "a"}))
    assert "num_labels: 1" in refusal(directory)
    edit_weights(directory, **{"score.weight": torch.tensor(1.0)})
    assert "'score.weight' is ()" in refusal(directory)


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 20),
    st.integers(),
    st.floats(),
    st.text(max_size=4),
    st.lists(st.integers(0, 9), max_size=3),
    st.dictionaries(st.sampled_from(["1", "d_state", "x"]), st.integers(), max_size=2),
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = published_config("plantcaduceus", d_model=2, n_layer=1)
    tensors: Tensors = random_tensors(config, seed=1)
    return write_published_directory(tmp_path_factory.mktemp("whole") / "model", config, tensors)


def loads_or_is_refused(directory: Path) -> None:
    try:
        load_model(directory)
    except InputError as error:
        assert "\n" not in str(error)


@given(data=st.data())
def test_any_configuration_loads_or_is_refused(data: st.DataObject, whole: Path) -> None:
    path = whole / "config.json"
    original = path.read_bytes()
    content = json.loads(original)
    place = data.draw(st.sampled_from([content, content["ssm_cfg"], content["complement_map"]]))
    for _ in range(data.draw(st.integers(1, 2))):
        place[data.draw(st.sampled_from(sorted(place)))] = data.draw(VALUES)
    try:
        path.write_text(json.dumps(content))
        loads_or_is_refused(whole)
    finally:
        path.write_bytes(original)


def spoiled(content: bytes, seed: int, header_bytes: int) -> bytes:
    """A few bytes changed, cut, doubled or swapped, half of the time in the header."""
    chance, changed = random.Random(seed), bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(min(len(changed), header_bytes) if chance.random() < 0.5 else len(changed))
        match chance.randrange(5):
            case 0:
                changed[at] ^= 1 << chance.randrange(8)
            case 1:
                changed[at] = chance.choice(b'0123456789"{}[],:.FIUB')
            case 2:
                del changed[at : at + chance.randint(1, 9)]
            case 3:
                changed[at:at] = changed[at : at + chance.randint(1, 9)]
            case _:
                del changed[max(1, at) :]
    return bytes(changed)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "pytorch_model.bin"])
def test_any_bytes_load_or_are_refused(whole: Path, tmp_path: Path, name: str) -> None:
    directory = tmp_path / "model"
    directory.mkdir()
    (directory / "config.json").write_bytes((whole / "config.json").read_bytes())
    if name == "pytorch_model.bin":
        torch.save(load_file(whole / "model.safetensors"), directory / name)
    else:
        (directory / "model.safetensors").write_bytes((whole / "model.safetensors").read_bytes())
    original = (directory / name).read_bytes()
    header_bytes = int.from_bytes(original[:8], "little") + 8 if name == "model.safetensors" else len(original)
    for seed in range(200):
        (directory / name).write_bytes(spoiled(original, seed, header_bytes))
        loads_or_is_refused(directory)
