"""Fields of published configurations: those of Transformers change nothing, the others are honoured or refused."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from dna_mamba.checkpoints import load_model
from dna_mamba.checkpoints.caduceus_config import from_native, parse_published, to_native
from dna_mamba.checkpoints.tensors import skeleton
from dna_mamba.checkpoints.transformers_fields import without_transformers_fields
from dna_mamba.errors import InputError
from tests.parity.published_files import published_config, random_tensors, write_published_directory

OF_TRANSFORMERS_4: dict[str, Any] = {
    "_attn_implementation_autoset": True, "_name_or_path": "models/step-500k", "add_cross_attention": False,
    "bad_words_ids": None, "begin_suppress_tokens": None, "bos_token_id": 0, "chunk_size_feed_forward": 0,
    "cross_attention_hidden_size": None, "decoder_start_token_id": None, "diversity_penalty": 0.0, "do_sample": False,
    "early_stopping": False, "encoder_no_repeat_ngram_size": 0, "eos_token_id": 1,
    "exponential_decay_length_penalty": None, "finetuning_task": None, "forced_bos_token_id": None,
    "forced_eos_token_id": None, "id2label": {"0": "LABEL_0", "1": "LABEL_1"}, "is_decoder": False,
    "is_encoder_decoder": False, "label2id": {"LABEL_0": 0, "LABEL_1": 1}, "length_penalty": 1.0, "max_length": 20,
    "min_length": 0, "no_repeat_ngram_size": 0, "num_beam_groups": 1, "num_beams": 1, "num_return_sequences": 1,
    "output_attentions": False, "output_hidden_states": False, "output_scores": False, "pad_token_id": -100,
    "prefix": None, "problem_type": None, "pruned_heads": {}, "remove_invalid_values": False,
    "repetition_penalty": 1.0, "return_dict": True, "return_dict_in_generate": False, "sep_token_id": None,
    "suppress_tokens": None, "task_specific_params": None, "temperature": 1.0, "tf_legacy_loss": False,
    "tie_encoder_decoder": False, "tie_word_embeddings": True, "tokenizer_class": None, "top_k": 50, "top_p": 1.0,
    "torch_dtype": "bfloat16", "torchscript": False, "transformers_version": "4.49.0", "typical_p": 1.0,
    "use_bfloat16": False,
}  # fmt: skip
"""What ``PretrainedConfig.to_dict`` of Transformers 4 gives, some of it as found in published files."""


def directory_with(tmp_path: Path, config: dict[str, Any], **fields: Any) -> Path:
    """A model directory whose configuration has these fields too."""
    directory = write_published_directory(tmp_path / "model", config, random_tensors(config, seed=3))
    (directory / "config.json").write_text(json.dumps(config | fields))
    return directory


@pytest.mark.parametrize("rcps", [True, False])
def test_what_transformers_4_writes_changes_nothing(rcps: bool, tmp_path: Path) -> None:
    config = published_config("plantcaduceus", rcps=rcps)
    with_fields = directory_with(tmp_path, config, **OF_TRANSFORMERS_4)
    without = write_published_directory(tmp_path / "without", config, random_tensors(config, seed=3))
    ids = torch.randint(3, 7, (2, 25))
    models = [load_model(directory) for directory in (with_fields, without)]
    assert models[0].config == models[1].config
    assert torch.equal(*(model(ids).logits for model in models))


def test_what_the_installed_transformers_writes_is_known() -> None:
    transformers = pytest.importorskip("transformers")
    written = transformers.PretrainedConfig(pad_token_id=4, bos_token_id=0, num_labels=1).to_dict()
    unread = without_transformers_fields({**written, **published_config()})
    assert unread.keys() <= {*published_config(), "id2label"}


@pytest.mark.parametrize("value", [-100, 0, 4, None, [1, 2]])
@pytest.mark.parametrize("name", ["pad_token_id", "bos_token_id", "eos_token_id", "sep_token_id"])
def test_ids_of_special_tokens_may_be_anything(name: str, value: object) -> None:
    config = published_config()
    assert parse_published(config | {name: value}, "here") == parse_published(config, "here")


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"tie_word_embeddings": False}, "tie_word_embeddings (False)"),
        ({"is_decoder": True}, "is_decoder (True)"),
        ({"is_encoder_decoder": True}, "is_encoder_decoder (True)"),
        ({"add_cross_attention": True}, "add_cross_attention (True)"),
        ({"pruned_heads": {"0": [1]}}, "pruned_heads ({'0': [1]})"),
        ({"quantization_config": {"bits": 8}}, "quantization_config"),
        ({"num_labels": 0}, "num_labels (0)"),
        ({"pad_token": 4}, "pad_token (4)"),
        ({"hidden_dropout": 0.1}, "hidden_dropout (0.1)"),
    ],
)
def test_what_could_change_the_function_is_refused_by_name(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_published(published_config() | OF_TRANSFORMERS_4 | fields, "model/config.json")
    assert str(refused.value).startswith(f"model/config.json: {named}")


def test_labels_are_those_of_the_classifier(tmp_path: Path) -> None:
    """``id2label`` of a language model says nothing; that of a classifier must be its weights'."""
    assert load_model(directory_with(tmp_path, published_config(), **OF_TRANSFORMERS_4)).config.num_labels == 0
    classifier = published_config(architectures=["CaduceusForSequenceClassification"], num_labels=3)
    directory = write_published_directory(tmp_path / "three", classifier, random_tensors(classifier, seed=3))
    assert load_model(directory).config.num_labels == 3
    stated = {name: value for name, value in classifier.items() if name != "num_labels"} | OF_TRANSFORMERS_4
    (directory / "config.json").write_text(json.dumps(stated))
    with pytest.raises(InputError, match="num_labels: 2"):
        load_model(directory)


@pytest.mark.parametrize(("d_model", "n_layer", "parameters"), [(384, 20, 20_000_000), (512, 24, 40_000_000)])
def test_the_sizes_of_plantcaduceus(d_model: int, n_layer: int, parameters: int) -> None:
    """As the authors count them, in millions: l20 and l24."""
    content = published_config("plantcaduceus", d_model=d_model, n_layer=n_layer, ssm_cfg={"d_state": 16})
    config = to_native(parse_published(content | OF_TRANSFORMERS_4, "here"), 0, "here")
    assert (config.d_model, config.n_layer, config.reverse_complement) == (d_model, n_layer, "shared")
    assert config.tokenizer["vocabulary"] == "plantcaduceus" and config.residual_in_fp32
    assert skeleton(config).n_parameters == pytest.approx(parameters, rel=0.15)


def test_our_own_field_says_how_strands_meet() -> None:
    for mode in ("none", "augment", "post-hoc"):
        content = published_config(rcps=False, dna_mamba_reverse_complement=mode)
        config = to_native(parse_published(content, "here"), 0, "here")
        assert config.reverse_complement == mode
        assert from_native(config)["dna_mamba_reverse_complement"] == mode
    assert to_native(parse_published(published_config(rcps=False), "here"), 0, "here").reverse_complement == "augment"


def test_our_own_field_keeps_the_window_of_training(tmp_path: Path) -> None:
    content = published_config(rcps=False, dna_mamba_trained_window_bp=2048)
    config = to_native(parse_published(content, "config"), 0, "config")
    assert config.trained_window_bp == 2048 and from_native(config)["dna_mamba_trained_window_bp"] == 2048
    silent = config.model_copy(update={"trained_window_bp": None})
    assert "dna_mamba_trained_window_bp" not in from_native(silent)
