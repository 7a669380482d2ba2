import numpy as np
import pytest
import torch

from dna_mamba.alphabet import encode_bases
from dna_mamba.explain.explained import HeadAnswer
from dna_mamba.explain.substitutions import substitution_effects
from tests.explain.worlds import task_model
from tests.worlds import random_sequence

SEQUENCE = random_sequence(9) + "N" + random_sequence(3, 4)


@pytest.mark.parametrize("rows", [5, 1000])
def test_each_substitution_is_the_answer_to_the_changed_sequence(rows):
    model = task_model("shared")
    answer = HeadAnswer(model)

    @torch.no_grad()
    def score(sequence):
        return float(answer.all_outputs(torch.from_numpy(model.tokenizer.encode(sequence))[None], None)[0, 1])

    value, effects_L4 = substitution_effects(answer, model, encode_bases(SEQUENCE), 1, rows)
    np.testing.assert_allclose(value, score(SEQUENCE), atol=1e-12)
    for position, ref in enumerate(SEQUENCE):
        for base, alt in enumerate("ACGT"):
            changed = SEQUENCE[:position] + alt + SEQUENCE[position + 1 :]
            expected = 0 if ref in ("N", alt) else score(changed) - value
            np.testing.assert_allclose(effects_L4[position, base], expected, atol=1e-12)
