"""Names of baselines taken apart; the tables themselves are tested through the card."""

import pytest

from dna_mamba.data.markov import MarkovBaselines
from dna_mamba.training.pretrain.card_tables import kind_of


def test_kinds_are_those_of_the_baselines() -> None:
    for loss in MarkovBaselines([], 5).losses([]):
        assert kind_of(loss.name) == loss.kind


@pytest.mark.parametrize(("name", "kind"), [("one-sided order 8", "one-sided"), ("two-sided 4+4", "two-sided")])
def test_a_kind_is_what_stands_before_the_context(name: str, kind: str) -> None:
    assert kind_of(name) == kind
