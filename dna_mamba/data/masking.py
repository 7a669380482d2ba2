"""Which tokens a masked language model must predict, and what it sees in their place."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from dna_mamba.tokenizers import Tokenizer
from dna_mamba.tokenizers.base import TokenIds


class SpanPolicy(BaseModel):
    """Tokens chosen in runs of geometric length, ``mean_tokens`` on average (SpanBERT, Joshi et al. 2020).

    SpanBERT cuts its spans at ten words; here none is cut, so that the mean and the rate are exactly what is asked for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    mean_tokens: float = Field(default=4.0, ge=1, le=2**20)


class MaskingPolicy(BaseModel):
    """BERT's recipe (Devlin et al. 2019): a share of tokens is chosen; each is masked, replaced or kept.

    With ``span`` the chosen tokens lie in runs, and what happens to one happens to its whole run.
    ``soft_mask_weight`` is the loss weight of lower-case bases (repeats), as in GPN (Benegas et al. 2023).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rate: float = Field(default=0.15, gt=0, lt=1)
    replace_share: float = Field(default=0.1, ge=0, le=1)
    keep_share: float = Field(default=0.1, ge=0, le=1)
    soft_mask_weight: float = Field(default=1.0, ge=0, le=1)
    span: SpanPolicy | None = None

    @model_validator(mode="after")
    def _shares_sum_to_at_most_one(self) -> "MaskingPolicy":
        if self.replace_share + self.keep_share > 1:
            raise ValueError("replace_share + keep_share must not pass 1")
        if self.span is not None and self.span.mean_tokens * (1 - self.rate) < self.rate:
            least = self.rate / (1 - self.rate)
            raise ValueError(f"span.mean_tokens must be at least {least:.2f} at a rate of {self.rate:g}")
        return self

    @model_serializer(mode="wrap")
    def _leave_out_no_span(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in write(self).items() if key != "span" or value is not None}


class MaskedTokens(NamedTuple):
    """``inputs`` int64 (L,), what the model sees; ``chosen`` bool (L,), where it must say what was there."""

    inputs: TokenIds
    chosen: NDArray[np.bool_]


def mask_tokens(ids: TokenIds, tokenizer: Tokenizer, policy: MaskingPolicy, rng: np.random.Generator) -> MaskedTokens:
    """Choose tokens among ``tokenizer.maskable_ids`` (never N or specials) and hide them as the policy says."""
    drawn, fate = _draw(len(ids), policy, rng)
    chosen = drawn & np.isin(ids, tokenizer.maskable_ids)
    random_ids = rng.choice(tokenizer.maskable_ids, size=len(ids))
    masked_below = 1 - policy.replace_share - policy.keep_share
    inputs = ids.copy()
    inputs[chosen & (fate < masked_below)] = tokenizer.mask_id
    replaced = chosen & (fate >= masked_below) & (fate < masked_below + policy.replace_share)
    inputs[replaced] = random_ids[replaced]
    return MaskedTokens(inputs, chosen)


def _draw(
    length: int, policy: MaskingPolicy, rng: np.random.Generator
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which of ``length`` tokens are chosen, and a number in [0, 1) for each that says what happens to it."""
    if policy.span is None:
        drawn = rng.random(length) < policy.rate
        return drawn, rng.random(length)
    in_span, run = _spans(length, policy.rate, policy.span.mean_tokens, rng)
    return in_span, rng.random(int(run[-1]) + 1 if length else 0)[run]


def _spans(
    length: int, rate: float, mean_tokens: float, rng: np.random.Generator
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Whether each token is in a span, and the number of its run, spans and the gaps between them counted alike.

    Spans and gaps alternate, both of geometric length, gaps so long that spans cover ``rate``. Geometric lengths have
    no memory, so that the window may begin inside either, inside a span with probability ``rate``: every token is
    chosen with that probability, at the ends too.
    """
    gap_tokens = mean_tokens * (1 - rate) / rate
    first = int(rng.random() < rate)
    means = np.array([gap_tokens, mean_tokens])
    pairs = max(1, math.ceil(length / means.sum()))
    lengths = np.empty(0, dtype=np.int64)
    while lengths.sum() < length:
        more = rng.geometric(1 / means[[first, 1 - first]], size=(pairs, 2))
        lengths = np.concatenate([lengths, more.ravel()])
    run = np.repeat(np.arange(len(lengths)), lengths)[:length]
    return (run + first) % 2 == 1, run
