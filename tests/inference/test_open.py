"""Models as callers give them."""

import hashlib

import pytest
import torch

from dna_mamba.checkpoints import save_model, weights_sha256
from dna_mamba.errors import InputError
from dna_mamba.inference.open import as_model, fingerprint, fingerprints
from dna_mamba.io.fasta import FastaReader
from dna_mamba.models import ModelConfig, SequenceClassifier
from tests.worlds import random_sequence, small_model, write_fasta


@pytest.fixture
def saved(tmp_path):
    save_model(small_model(), tmp_path / "model")
    return tmp_path / "model"


def test_a_model_is_itself():
    model = small_model()
    assert as_model(model) is model and as_model(model, "cpu") is model
    assert as_model(model, "meta").device.type == "meta"


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_a_directory_is_loaded(saved, kind):
    loaded, expected = as_model(kind(saved)), small_model()
    assert loaded.device.type == "cpu" and not loaded.training
    for name, tensor in expected.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], tensor, rtol=0, atol=0)


def test_what_is_not_a_language_model(tmp_path):
    config = ModelConfig(**{**small_model().config.model_dump(), "num_labels": 2})
    save_model(SequenceClassifier(config), tmp_path / "classified")
    with pytest.raises(InputError, match="classified: is a classifier of whole sequences, not a language model"):
        as_model(tmp_path / "classified")


def test_another_precision_leaves_an_open_model_as_it_is(saved):
    model = small_model()
    rounded = as_model(model, "cpu", "bfloat16")
    assert rounded.dtype == torch.bfloat16 and model.dtype == torch.float32
    assert as_model(saved, None, "bfloat16").dtype == torch.bfloat16
    assert as_model(model, None, "float32") is model
    assert as_model(rounded) is rounded and as_model(saved).dtype == torch.float32
    with pytest.raises(InputError, match="tf32 is for CUDA GPUs"):
        as_model(saved, "cpu", "tf32")


def test_no_such_model(tmp_path):
    with pytest.raises(InputError, match="gone"):
        as_model(tmp_path / "gone")


def test_a_model_has_one_fingerprint_wherever_it_is(saved):
    digest = hashlib.sha256((saved / "model.safetensors").read_bytes()).hexdigest()
    assert fingerprint(saved) == fingerprint(str(saved)) == weights_sha256(saved) == digest
    assert fingerprint(small_model()) == fingerprint(as_model(saved)) == digest
    strided = small_model()
    weight = strided.encoder.embedding.weight
    weight.data = weight.data.t().contiguous().t()
    assert not weight.is_contiguous() and fingerprint(strided) == digest
    other = small_model()
    with torch.no_grad():
        other.encoder.norm.weight[0] += 1e-6
    assert fingerprint(other) != digest


def test_fingerprints_of_a_model_and_a_genome(tmp_path):
    """Line lengths and letter case play no part, letters and names do."""
    sequence = random_sequence(50)
    contigs = {"c": sequence, "d": "ACGTN"}
    genome = FastaReader(write_fasta(tmp_path / "g.fa", contigs))
    expected = {"weights_sha256": fingerprint(small_model()), "reference_sha256": genome.fingerprint}
    assert fingerprints(small_model(), genome) == expected
    same = write_fasta(tmp_path / "lower.fa", {name: letters.lower() for name, letters in contigs.items()})
    same.write_text(same.read_text().replace(sequence.lower()[:7], sequence.lower()[:7] + "\n", 1))
    assert FastaReader(same).fingerprint == genome.fingerprint
    for other in ({"c": sequence, "e": "ACGTN"}, {"c": sequence, "d": "ACGTA"}, {"d": "ACGTN", "c": sequence}):
        assert FastaReader(write_fasta(tmp_path / "other.fa", other)).fingerprint != genome.fingerprint
