"""Fields that Transformers (4.30 to 5) writes into every ``config.json`` and that do not change what a model computes.

``PretrainedConfig.to_dict`` writes its own fields beside those of the model: which ids stand for the start, the end and
padding of a text, how a text would be generated, what a forward pass would return besides its answer. A published
Caduceus model reads none of them. A field that is not listed here stays unknown, and an unknown field is refused by
name: it could be one that changes the function.
"""

from typing import Any

_OF_THE_FILE = {
    "_attn_implementation_autoset", "_attn_implementation_internal", "_commit_hash", "_experts_implementation_internal",
    "_name_or_path", "auto_map", "custom_pipelines", "name_or_path", "transformers_version",
}  # fmt: skip
"""Where the file came from, what code Transformers would run for it, and how it would run attention."""

_OF_THE_WEIGHTS = {"dtype", "torch_dtype", "torchscript", "use_bfloat16", "xla_device"}
"""How the weights were held where they were trained; here ``load_model`` is told the dtype."""

_OF_THE_TOKENIZER = {
    "bos_token_id", "cls_token_id", "decoder_start_token_id", "eos_token_id", "mask_token_id", "pad_token_id", "prefix",
    "sep_token_id", "tokenizer_class", "unk_token_id",
}  # fmt: skip
"""The ids that are read here are those of ``complement_map``'s vocabulary; special tokens are never added."""

_OF_TRAINING = {
    "finetuning_task", "gradient_checkpointing", "initializer_cfg", "label2id", "loss_type", "problem_type",
    "task_specific_params", "tf_legacy_loss",
}  # fmt: skip

_OF_THE_ANSWER = {
    "chunk_size_feed_forward", "output_attentions", "output_hidden_states", "output_scores", "return_dict",
    "return_dict_in_generate", "use_cache", "use_return_dict",
}  # fmt: skip
"""What a forward pass returns besides its answer, and how layers that Mamba has not are cut."""

_OF_GENERATION = {
    "bad_words_ids", "begin_suppress_tokens", "cross_attention_hidden_size", "diversity_penalty", "do_sample",
    "early_stopping", "encoder_no_repeat_ngram_size", "exponential_decay_length_penalty", "forced_bos_token_id",
    "forced_eos_token_id", "length_penalty", "max_length", "max_new_tokens", "min_length", "min_new_tokens",
    "no_repeat_ngram_size", "num_beam_groups", "num_beams", "num_return_sequences", "remove_invalid_values",
    "repetition_penalty", "suppress_tokens", "temperature", "top_k", "top_p", "typical_p",
}  # fmt: skip
"""How a text would be continued; these models fill in."""

_WITHOUT_EFFECT = (
    _OF_THE_FILE | _OF_THE_WEIGHTS | _OF_THE_TOKENIZER | _OF_TRAINING | _OF_THE_ANSWER | _OF_GENERATION
)  # fmt: skip

_WITHOUT_EFFECT_AS = {
    "add_cross_attention": (False, None),
    "is_decoder": (False, None),
    "is_encoder_decoder": (False, None),
    "pruned_heads": ({}, None),
    "tie_encoder_decoder": (False, None),
}
"""Fields that would ask for another network, by the values with which they do not."""


def without_transformers_fields(content: dict[str, Any]) -> dict[str, Any]:
    """What a ``config.json`` says of the function: its content without the fields known to leave it as it is."""
    return {name: value for name, value in content.items() if not _is_without_effect(name, value)}


def _is_without_effect(name: str, value: object) -> bool:
    return name in _WITHOUT_EFFECT or any(value == harmless for harmless in _WITHOUT_EFFECT_AS.get(name, ()))
