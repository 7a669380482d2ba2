"""Each quantity by hand."""

import math

import pytest
import torch

from dna_mamba.errors import InputError
from dna_mamba.scoring.tracks.quantities import Prediction, parse_track
from tests.worlds import small_model

MODEL = small_model()
P = [[0.7, 0.1, 0.1, 0.1], [0.25, 0.25, 0.25, 0.25], [0.1, 0.2, 0.3, 0.4]]


def values(name, codes=(0, 3, 2), model=MODEL):
    hidden = torch.arange(3 * 32, dtype=torch.bfloat16).reshape(1, 3, 32)
    made = Prediction(torch.tensor([P]).log(), torch.tensor([codes]), hidden)
    return parse_track(name, model).values(made)[0].tolist()


def test_ref_llr():
    """Minus the mean LLR of the three substitutions: above 0 where the reference is expected."""
    third = math.log(0.3) - (math.log(0.1) + math.log(0.2) + math.log(0.4)) / 3
    assert values("ref-llr") == pytest.approx([math.log(7), 0, third], abs=1e-6)
    assert values("ref-llr", (1, 3, 2))[0] == pytest.approx(math.log(0.1) - (math.log(0.7) + 2 * math.log(0.1)) / 3)


def test_entropy():
    by_hand = [-sum(p * math.log(p) for p in row) for row in P]
    assert values("entropy") == pytest.approx(by_hand, abs=1e-6)
    assert by_hand[1] == pytest.approx(math.log(4))


@pytest.mark.parametrize("base", range(4))
def test_probabilities(base):
    assert values(f"probability:{'ACGT'[base]}") == pytest.approx([row[base] for row in P])


@pytest.mark.parametrize("channel", [0, 3, 31])
def test_channels(channel):
    assert values(f"embedding:{channel}") == [channel, 32 + channel, 64 + channel]


def test_an_unknown_base_of_the_reference_gives_no_error():
    """Its value is left out where tracks are read."""
    assert len(values("ref-llr", (4, 3, 2))) == 3


@pytest.mark.parametrize(
    "name", ["llr", "probability", "probability:", "probability:N", "probability:AC", "embedding:-1", "embedding:x", ""]
)
def test_no_such_track(name):
    with pytest.raises(InputError, match="there are ref-llr, entropy, probability:A"):
        parse_track(name, MODEL)


def test_channels_by_mode():
    assert "mean of both strands" in parse_track("embedding:15", small_model("post-hoc")).description
    assert "first half forward" in parse_track("embedding:31", small_model("shared")).description
    with pytest.raises(InputError, match="the model has 16 channels; take 0 to 15"):
        parse_track("embedding:16", small_model("post-hoc"))


def test_names_and_labels_of_files():
    assert [parse_track(name, MODEL).label for name in ("entropy", "probability:A", "embedding:07")] == [
        "entropy",
        "probability-A",
        "embedding-07",
    ]
