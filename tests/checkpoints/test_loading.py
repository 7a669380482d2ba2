"""Which format a directory has, and what every loader gives."""

from pathlib import Path

import pytest
import torch

from dna_mamba.checkpoints import convert, load_model, locate, save_model
from dna_mamba.checkpoints.loading import format_of
from dna_mamba.errors import InputError
from dna_mamba.models import SequenceClassifier
from tests.parity.published_files import published_config, random_tensors, write_published_directory
from tests.worlds import small_model


@pytest.fixture
def published(tmp_path: Path) -> Path:
    config = published_config()
    return write_published_directory(tmp_path / "published", config, random_tensors(config, seed=5))


def test_formats_by_manifest_and_by_model_type(published: Path, tmp_path: Path) -> None:
    convert(published, tmp_path / "native", "native")
    assert format_of(published) == "caduceus" and format_of(tmp_path / "native") == "native"
    (tmp_path / "adapted").mkdir()
    (tmp_path / "adapted" / "config.json").write_text('{"model_type": "dna_mamba"}')
    assert format_of(tmp_path / "adapted") == "transformers"


def test_another_kind_of_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(InputError, match="manifest"):
        load_model(tmp_path)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_a_loaded_model_is_ready_to_run(published: Path, dtype: torch.dtype) -> None:
    model = load_model(published, dtype=dtype)
    assert not model.training and model.dtype == dtype and model.device == torch.device("cpu")
    assert model.n_bytes == sum(parameter.nbytes for parameter in model.parameters())
    narrow = model.n_parameters * dtype.itemsize
    assert narrow < model.n_bytes < 1.5 * narrow if dtype == torch.bfloat16 else model.n_bytes == narrow
    ids = torch.randint(7, 11, (1, 12))
    with torch.no_grad():
        assert torch.isfinite(model(ids).logits).all()


def test_classifiers_load_as_classifiers(tmp_path: Path) -> None:
    config = published_config(architectures=["CaduceusForSequenceClassification"], num_labels=2)
    directory = write_published_directory(tmp_path / "model", config, random_tensors(config, seed=5))
    model = load_model(directory)
    assert isinstance(model, SequenceClassifier)
    assert model(torch.randint(7, 11, (3, 12))).logits.shape == (3, 2)


def test_models_are_located_by_directory_before_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packaged = locate("yeast-tiny")
    save_model(small_model(), tmp_path / "yeast-tiny")
    monkeypatch.chdir(tmp_path)
    assert locate("yeast-tiny").resolve() == tmp_path / "yeast-tiny" != packaged
