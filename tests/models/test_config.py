"""Configurations: defaults as stated, unknown keys and slips of the pen refused."""

import math
from typing import Any

import pytest
from pydantic import ValidationError

from dna_mamba.errors import InputError
from dna_mamba.models import ModelConfig, preset

TOKENIZER = {"kind": "nucleotide", "vocabulary": "caduceus"}


@pytest.mark.parametrize("d_model", [1, 16, 17, 512])
@pytest.mark.parametrize("stated", [{}, {"dt_rank": 0}, {"dt_rank": "auto"}])
def test_the_rank_of_delta_is_that_of_mamba(d_model: int, stated: dict[str, Any]) -> None:
    assert ModelConfig(d_model=d_model, n_layer=1, tokenizer=TOKENIZER, **stated).dt_rank == math.ceil(d_model / 16)
    assert ModelConfig(d_model=d_model, n_layer=1, tokenizer=TOKENIZER, dt_rank=3).dt_rank == 3


def test_sizes_that_follow() -> None:
    config = ModelConfig(d_model=24, n_layer=1, expand=3, tokenizer=TOKENIZER)
    assert (config.d_inner, config.d_hidden) == (72, 48)
    for mode in ("none", "augment", "post-hoc"):
        assert config.model_copy(update={"reverse_complement": mode}).d_hidden == 24


@pytest.mark.parametrize(
    "fields",
    [
        {"d_model": 0},
        {"d_model": 2**16 + 1},
        {"n_layer": 1025},
        {"dt_rank": -1},
        {"norm_eps": 0},
        {"norm_eps": math.inf},
        {"norm": "batch"},
        {"combine": "concat"},
        {"reverse_complement": "both"},
        {"num_labels": -1},
        {"dropout": 0.1},
    ],
)
def test_what_cannot_be_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(fields))):
        ModelConfig(**{"d_model": 8, "n_layer": 1, "tokenizer": TOKENIZER, **fields})


def test_a_configuration_survives_json() -> None:
    config = preset("small", TOKENIZER, reverse_complement="post-hoc", proj_bias=True)
    assert (config.d_model, config.n_layer) == (256, 16)
    assert ModelConfig.model_validate_json(config.model_dump_json()) == config
    with pytest.raises(InputError, match="no model size 'large'; choose one of tiny, small, base"):
        preset("large", TOKENIZER)
