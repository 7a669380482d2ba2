"""Masking hides what it should, as often as it should, and nothing else."""

import numpy as np
import pytest
from pydantic import ValidationError

from dna_mamba.data.masking import MaskingPolicy, mask_tokens
from dna_mamba.tokenizers import NucleotideTokenizer

TOKENIZER = NucleotideTokenizer.caduceus()


def masked(policy: MaskingPolicy, n: int = 200_000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    ids = TOKENIZER.encode("".join(rng.choice(list("ACGTN"), size=n)))
    inputs, chosen = mask_tokens(ids, TOKENIZER, policy, np.random.default_rng(1))
    return ids, inputs, chosen


def test_shares_are_as_asked() -> None:
    ids, inputs, chosen = masked(MaskingPolicy(rate=0.2, replace_share=0.1, keep_share=0.2))
    bases = ids != TOKENIZER.unk_id
    assert chosen[bases].mean() == pytest.approx(0.2, abs=0.005)
    hidden = inputs[chosen] == TOKENIZER.mask_id
    kept = inputs[chosen] == ids[chosen]
    assert hidden.mean() == pytest.approx(0.7, abs=0.01)
    assert kept.mean() == pytest.approx(0.2 + 0.1 / 4, abs=0.01)  # a random base is the same one in four times


def test_unknown_bases_are_never_asked_for_and_others_left_alone() -> None:
    ids, inputs, chosen = masked(MaskingPolicy(rate=0.5))
    assert not chosen[ids == TOKENIZER.unk_id].any()
    assert (inputs[~chosen] == ids[~chosen]).all()


def test_shares_beyond_one_are_refused() -> None:
    with pytest.raises(ValidationError, match="must not pass 1"):
        MaskingPolicy(replace_share=0.6, keep_share=0.6)


def test_no_more_than_the_chosen_are_touched_and_replacements_are_even() -> None:
    ids, inputs, chosen = masked(MaskingPolicy(rate=0.3, replace_share=1.0, keep_share=0.0))
    assert not (inputs == TOKENIZER.mask_id).any()
    replaced = inputs[chosen]
    shares = [(replaced == base).mean() for base in TOKENIZER.base_ids]
    assert shares == pytest.approx([0.25] * 4, abs=0.01)
    assert (inputs[chosen] == ids[chosen]).mean() == pytest.approx(0.25, abs=0.01)


def test_masks_follow_from_the_generator_alone() -> None:
    ids = TOKENIZER.encode("ACGT" * 100)
    one, same, other = (mask_tokens(ids, TOKENIZER, MaskingPolicy(), np.random.default_rng(n)) for n in (1, 1, 2))
    assert (one.inputs == same.inputs).all() and (one.chosen == same.chosen).all()
    assert (one.chosen != other.chosen).any()
    assert TOKENIZER.decode(ids) == "ACGT" * 100  # what is masked is a copy
