"""What tracks can show: quantities that the model's predictions give for every base."""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from dna_mamba.alphabet import BASES
from dna_mamba.errors import InputError
from dna_mamba.models import MaskedLanguageModel

KINDS = "ref-llr, entropy, probability:A (or C, G, T), embedding:K"
_JOINED = {True: "first half forward strand, second half reverse strand", False: "mean of both strands"}


class Prediction(NamedTuple):
    """What tracks are made of: log probabilities (B, L, 4), reference codes (B, L), hidden states (B, L, C)."""

    log_p: Tensor
    codes: Tensor
    hidden: Tensor


class Track(NamedTuple):
    """A quantity: its name as it is asked for, what it says, and its values (B, L) in a prediction."""

    name: str
    description: str
    values: Callable[[Prediction], Tensor]

    @property
    def label(self) -> str:
        """The name as part of a file's."""
        return self.name.replace(":", "-")


def parse_track(name: str, model: MaskedLanguageModel) -> Track:
    """A track by its name: ``ref-llr``, ``entropy``, ``probability:A``, ``embedding:K`` (K counts from 0).

    Raises:
        InputError: no such track, or the model has no such component.
    """
    kind, _, argument = name.partition(":")
    if name == "ref-llr":
        text = "ln p(ref) - mean of ln p over the three other bases, in nats; above 0: the reference is expected"
        return Track(name, text, _ref_llr)
    if name == "entropy":
        text = "- sum p ln p over A, C, G and T, in nats; 0 (certain) to ln 4 = 1.386 (no idea)"
        return Track(name, text, lambda made: -(made.log_p.exp() * made.log_p).sum(-1))
    if kind == "probability" and len(argument) == 1 and argument in BASES:
        base = BASES.index(argument)
        return Track(name, f"probability of {argument}, 0 to 1", lambda made: made.log_p[..., base].exp())
    if kind == "embedding" and argument.isascii() and argument.isdigit():
        return _embedding(name, int(argument), model)
    raise InputError(f"no track {name!r}", place="--track", remedy=f"there are {KINDS}")


def _ref_llr(made: Prediction) -> Tensor:
    """Minus the mean LLR of the three substitutions."""
    ref_BL1 = made.codes.clamp(max=len(BASES) - 1)[..., None]
    ref_BL = made.log_p.gather(-1, ref_BL1)[..., 0]
    return ref_BL - (made.log_p.sum(-1) - ref_BL) / 3


def _embedding(name: str, component: int, model: MaskedLanguageModel) -> Track:
    n_channels, is_shared = model.config.d_hidden, model.config.reverse_complement == "shared"
    if component >= n_channels:
        remedy = f"take 0 to {n_channels - 1}"
        raise InputError(f"{name!r}: the model has {n_channels} channels", place="--track", remedy=remedy)
    channels = f"channel {component} (from 0) of {n_channels}"
    text = f"{channels} of the hidden state after the final norm; {_JOINED[is_shared]}"
    return Track(name, text, lambda made: made.hidden[..., component].float())
