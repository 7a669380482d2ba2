"""Which parameters a part's name takes out of training."""

import pytest

from dna_mamba.errors import InputError
from dna_mamba.training.pretrain.start.freezing import freeze, frozen_depth, n_frozen
from tests.training.models import tiny_model


def test_parts_are_frozen_and_others_are_not() -> None:
    model = tiny_model(n_layer=4)
    freeze(model, ["embedding", "layers.0-1", "layers.3"])
    for name, parameter in model.named_parameters():
        trains = name.startswith(("encoder.layers.2.", "encoder.norm."))
        assert parameter.requires_grad == trains, name
    assert n_frozen(model) == model.n_parameters - sum(
        p.numel() for p in (*model.encoder.layers[2].parameters(), *model.encoder.norm.parameters())
    )


@pytest.mark.parametrize(
    ("parts", "depth"),
    [
        ([], 0),
        (["layers.0-2"], 0),
        (["embedding"], 0),
        (["embedding", "layers.0-2"], 3),
        (["embedding", "layers.0", "layers.2"], 1),
        (["embedding", "layers.0-3"], 4),
    ],
)
def test_gradients_end_where_all_before_is_frozen(parts: list[str], depth: int) -> None:
    model = tiny_model(n_layer=4)
    freeze(model, parts)
    assert frozen_depth(model) == depth


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (["head"], "no part 'head'"),
        (["layers.2"], "no layers '2'.*layers 0 to 1"),
        (["layers.1-0"], "no layers '1-0'"),
        (["layers.0-9"], "no layers '0-9'"),
        (["embedding", "layers.0-1", "norm"], "nothing to train"),
    ],
)
def test_parts_that_are_not_there(parts: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        freeze(tiny_model(), parts)
