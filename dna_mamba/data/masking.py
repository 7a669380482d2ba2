"""Which tokens a masked language model must predict, and what it sees in their place."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from dna_mamba.tokenizers import Tokenizer
from dna_mamba.tokenizers.base import TokenIds


class MaskingPolicy(BaseModel):
    """BERT's recipe (Devlin et al. 2019): a share of tokens is chosen; each is masked, replaced or kept.

    ``soft_mask_weight`` is the loss weight of lower-case bases (repeats), as in GPN (Benegas et al. 2023).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rate: float = Field(default=0.15, gt=0, lt=1)
    replace_share: float = Field(default=0.1, ge=0, le=1)
    keep_share: float = Field(default=0.1, ge=0, le=1)
    soft_mask_weight: float = Field(default=1.0, ge=0, le=1)

    @model_validator(mode="after")
    def _shares_sum_to_at_most_one(self) -> "MaskingPolicy":
        if self.replace_share + self.keep_share > 1:
            raise ValueError("replace_share + keep_share must not pass 1")
        return self


class MaskedTokens(NamedTuple):
    """``inputs`` int64 (L,), what the model sees; ``chosen`` bool (L,), where it must say what was there."""

    inputs: TokenIds
    chosen: NDArray[np.bool_]


def mask_tokens(ids: TokenIds, tokenizer: Tokenizer, policy: MaskingPolicy, rng: np.random.Generator) -> MaskedTokens:
    """Choose tokens among ``tokenizer.maskable_ids`` (never N or specials) and hide them as the policy says."""
    chosen = (rng.random(len(ids)) < policy.rate) & np.isin(ids, tokenizer.maskable_ids)
    fate = rng.random(len(ids))
    random_ids = rng.choice(tokenizer.maskable_ids, size=len(ids))
    masked_below = 1 - policy.replace_share - policy.keep_share
    inputs = ids.copy()
    inputs[chosen & (fate < masked_below)] = tokenizer.mask_id
    replaced = chosen & (fate >= masked_below) & (fate < masked_below + policy.replace_share)
    inputs[replaced] = random_ids[replaced]
    return MaskedTokens(inputs, chosen)
