"""What a recipe takes from the model that it continues, and what it may not say otherwise."""

from typing import Any

import pytest

from dna_mamba.errors import InputError
from dna_mamba.models import ModelConfig
from dna_mamba.training.pretrain.recipe import Recipe, parse_recipe
from dna_mamba.training.pretrain.start.inheritance import inherit

SHA256 = "0" * 64
PLANT = {"kind": "nucleotide", "vocabulary": "plantcaduceus"}
CONFIG = ModelConfig(
    d_model=128, n_layer=3, d_state=4, norm="layer", reverse_complement="augment", trained_window_bp=9, tokenizer=PLANT
)


def recipe(**sections: Any) -> Recipe:
    content = {"genome": {"fasta": "a.fa", "validation": []}, "schedule": {"steps": 5}, "init": "old", **sections}
    return parse_recipe(content, "recipe.yaml")


def test_shape_and_tokenizer_come_with_the_weights() -> None:
    complete = inherit(recipe(), CONFIG, SHA256)
    assert complete.model_config_of() == CONFIG.model_copy(update={"trained_window_bp": None})
    assert complete.init_sha256 == SHA256 and complete.init == "old"


def test_a_complete_recipe_says_the_same_again() -> None:
    complete = inherit(recipe(), CONFIG, SHA256)
    again = parse_recipe(complete.model_dump(mode="json"), "recipe.yaml")
    assert again == complete and inherit(again, CONFIG, SHA256) == complete


@pytest.mark.parametrize(
    "sections",
    [
        {"model": {"reverse_complement": "augment", "d_state": 4}},
        {"model": {"d_model": 128, "n_layer": 3, "dt_rank": "auto"}},
        {"tokenizer": PLANT},
    ],
)
def test_what_agrees_may_be_said(sections: dict[str, Any]) -> None:
    assert inherit(recipe(**sections), CONFIG, SHA256) == inherit(recipe(), CONFIG, SHA256)


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"model": {"size": "tiny"}}, "model.n_layer 8: the model to continue has 3"),
        ({"model": {"d_state": 16}}, "model.d_state 16: the model to continue has 4"),
        ({"model": {"reverse_complement": "shared"}}, "model.reverse_complement 'shared': .* has 'augment'"),
        ({"model": {"d_model": 128, "n_layer": 3, "dt_rank": 4}}, "model.dt_rank 4: .* has 8"),
        ({"tokenizer": {"kind": "nucleotide", "vocabulary": "caduceus"}}, "tokenizer.vocab.* 'plantcaduceus'"),
        ({"tokenizer": {"kind": "kmer", "k": 3, "stride": 3}}, "tokenizer"),
    ],
)
def test_what_disagrees_is_refused_by_name(sections: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        inherit(recipe(**sections), CONFIG, SHA256)
    assert str(caught.value).startswith("old: ") and "\n" not in str(caught.value)


def test_the_rest_of_the_recipe_must_suit_the_inherited_tokenizer() -> None:
    words = CONFIG.model_copy(update={"tokenizer": {"kind": "kmer", "k": 3, "stride": 3}})
    with pytest.raises(InputError, match="soft_mask_weight"):
        inherit(recipe(masking={"soft_mask_weight": 0.5}), words, SHA256)
