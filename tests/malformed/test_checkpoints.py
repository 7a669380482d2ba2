"""Published checkpoints that are damaged, hostile or of another kind: one line that names the place, never code run."""

import json
import pickle
import random
import shutil
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
    split_weights,
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
    "index.json: cannot be read as JSON": lambda d: (d / "model.safetensors").rename(
        d / "model.safetensors.index.json"
    ),
    "key 'd_model' is there twice": lambda d: edit_bytes(d / "config.json", lambda b: b'{"d_model": 8,' + b[1:]),
    "config.json: file not found": lambda d: (d / "config.json").unlink(),
    "config.json: cannot be read as JSON": lambda d: edit_bytes(d / "config.json", lambda b: b[:-5]),
    "cannot be read as JSON (maximum": lambda d: (d / "config.json").write_text("[" * 100_000),
    "is not a JSON object": lambda d: (d / "config.json").write_text("5"),
    "is not a table of tensors": lambda d: only_pickle(d, [torch.ones(2)]),
    "'a' is not a plain tensor": lambda d: only_pickle(d, {"a": 5}),
    "'b' is not a plain tensor": lambda d: only_pickle(d, {"b": torch.ones(2, 2).to_sparse()}),
    "'c' is not a plain tensor": lambda d: only_pickle(d, {"c": torch.ones(1).expand(2**40)}),
    "pytorch_model.bin: holds more than tensors, or is damaged": lambda d: (d / "model.safetensors").rename(
        d / "pytorch_model.bin"
    ),
}


@pytest.mark.parametrize("named", FILES)
def test_files(directory: Path, named: str) -> None:
    FILES[named](directory)
    assert named in refusal(directory)


def edit_index(directory: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    """Spread the weights over two files and change what the index says of them."""
    first, _ = split_weights(directory, 2)
    path = directory / "model.safetensors.index.json"
    content = json.loads(path.read_text())
    edit(content["weight_map"])
    assert first.exists()
    path.write_text(json.dumps(content))


def says(file: object, tensor: str = HEAD) -> Callable[[dict[str, Any]], object]:
    """An index that gives a tensor to another file."""
    return lambda weight_map: weight_map.update({tensor: file})


FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
A_NORM = f"{BACKBONE}norm_f.weight"
INDICES: dict[str, Callable[[dict[str, Any]], object]] = {
    "index.json: missing file 'model-00003-of-00003.safetensors'": says("model-00003-of-00003.safetensors"),
    f"index.json: surplus file {FIRST!r}": lambda m: [m.pop(name) for name in list(m) if m[name] == FIRST],
    f"{FIRST}: missing tensor 'more'": says(FIRST, "more"),
    f"surplus tensor {A_NORM!r}": lambda m: m.pop(A_NORM),
    f"{FIRST}: missing tensor {A_NORM!r}": says(FIRST, A_NORM),
    "weight_map: not a table": dict.clear,
    **{
        f"weight_map: {name!r} for tensor {HEAD!r} is not the name of a .safetensors file": says(name)
        for name in ("../x.safetensors", "/etc/passwd", "a/b.safetensors", "..", "", "x\\y.safetensors", "model.bin", 5)
    },
    "is not the name of": says("a" * 4000 + ".safetensors"),
    "not the name of a .safetensors file": says("a\0.safetensors"),
}


@pytest.mark.parametrize("named", INDICES)
def test_indices_of_several_files(directory: Path, named: str) -> None:
    edit_index(directory, INDICES[named])
    assert named in refusal(directory)


def test_a_tensor_in_two_files(directory: Path) -> None:
    first, second = split_weights(directory, 2)
    twice = next(iter(load_file(first)))
    save_file(load_file(second) | {twice: load_file(first)[twice]}, second)
    assert f"{second.name}: holds tensor {twice!r}, which the index gives to {first.name!r}" in refusal(directory)


def test_a_tensor_the_index_names_twice(directory: Path) -> None:
    split_weights(directory, 2)
    place = directory / "model.safetensors.index.json"
    place.write_text(place.read_text().replace('"weight_map": {', f'"weight_map": {{"{A_NORM}": "{SECOND}",'))
    assert f"key {A_NORM!r} is there twice" in refusal(directory)


def test_a_file_that_a_link_leads_to_is_read(directory: Path, tmp_path: Path) -> None:
    """As the hub's cache has them: names stay inside the directory, the bytes may lie elsewhere."""
    first, _ = split_weights(directory, 2)
    first.rename(tmp_path / "blob")
    first.symlink_to(tmp_path / "blob")
    load_model(directory)


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


@pytest.fixture(scope="module")
def in_two(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, its weights in two files."""
    directory = tmp_path_factory.mktemp("in_two") / "model"
    shutil.copytree(whole, directory)
    split_weights(directory, 2)
    return directory


def loads_or_is_refused(directory: Path) -> bool:
    """Whether it loads; a refusal is one line."""
    try:
        load_model(directory)
    except InputError as error:
        assert "\n" not in str(error)
        return False
    return True


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


@given(data=st.data())
def test_any_index_loads_or_is_refused(data: st.DataObject, in_two: Path) -> None:
    path = in_two / "model.safetensors.index.json"
    original = path.read_bytes()
    content = json.loads(original)
    names = st.sampled_from([*content["weight_map"], "more", ""])
    files = st.one_of(st.sampled_from([FIRST, SECOND, "../x.safetensors", ".safetensors", "index.json"]), VALUES)
    for _ in range(data.draw(st.integers(1, 3))):
        content["weight_map"][data.draw(names)] = data.draw(files)
    if data.draw(st.booleans()):
        content[data.draw(st.sampled_from(["weight_map", "metadata"]))] = data.draw(VALUES)
    try:
        path.write_text(json.dumps(content))
        loads_or_is_refused(in_two)
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
    spoil_and_load(directory / name, int.from_bytes(original[:8], "little") + 8 if "safe" in name else len(original))


@pytest.mark.parametrize("name", ["model.safetensors.index.json", FIRST])
def test_any_bytes_of_several_files_load_or_are_refused(in_two: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(in_two, tmp_path / "model")
    original = (tmp_path / "model" / name).read_bytes()
    spoil_and_load(
        tmp_path / "model" / name, int.from_bytes(original[:8], "little") + 8 if name == FIRST else len(original)
    )


def spoil_and_load(path: Path, header_bytes: int) -> None:
    """200 versions of a file, each loaded or refused, and most of them refused."""
    original, n_refused = path.read_bytes(), 0
    for seed in range(200):
        path.write_bytes(spoiled(original, seed, header_bytes))
        n_refused += not loads_or_is_refused(path.parent)
    assert n_refused > 50
