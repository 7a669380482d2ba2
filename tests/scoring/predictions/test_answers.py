"""A row's answer is its own, whatever it is batched with, and that of its reverse complement."""

import numpy as np
import pytest
import torch

from dna_mamba.alphabet import reverse_complement
from dna_mamba.errors import InputError
from dna_mamba.scoring.predictions.answers import Answering
from dna_mamba.scoring.predictions.rows import InputRow
from tests.scoring.predictions.worlds import CLASSES, VALUES, head_model
from tests.worlds import random_sequence

LETTERS = [random_sequence(length, seed) for seed, length in enumerate((5, 80, 33, 34, 1, 120, 80))]
ROWS = [InputRow(str(i), letters.encode()) for i, letters in enumerate(LETTERS)]


@pytest.mark.parametrize("head", [CLASSES, VALUES], ids=["classes", "values"])
@pytest.mark.parametrize("mode", ["shared", "post-hoc", "none"])
def test_answers_are_those_of_each_row_alone(head, mode):
    model = head_model(head, mode)
    together = Answering(model, 256).of(ROWS)
    for answer, letters in zip(together, LETTERS, strict=True):
        ids = torch.from_numpy(model.tokenizer.encode(letters))[None]
        with torch.no_grad():
            expected = model.answers(model(ids).logits)[0].numpy()
        np.testing.assert_allclose(answer.values, expected, atol=1e-5)
        (alone,) = Answering(model, 64, 1).of([answer.row])
        np.testing.assert_allclose(answer.values, alone.values, atol=1e-5)


@pytest.mark.parametrize("mode", ["shared", "post-hoc"])
def test_the_other_strand_has_the_same_answer(mode):
    answering = Answering(head_model(mode=mode), 256)
    turned = [InputRow(row.id, reverse_complement(row.letters.decode()).encode()) for row in ROWS]
    for here, there in zip(answering.of(ROWS), answering.of(turned), strict=True):
        np.testing.assert_allclose(here.values, there.values, atol=1e-5)


def test_every_row_has_a_status():
    rows = [b"", b"NNRY", b"ACGT", b"ACGTACGTN", b"NNACGT", b"ACGT" * 5]
    answers = Answering(head_model(), 256, max_length_bp=10).of([InputRow(str(i), row) for i, row in enumerate(rows)])
    found = [str(answer.status) for answer in answers]
    assert found == ["EMPTY", "N_ONLY", "OK", "N_WINDOW", "N_WINDOW", "TOO_LONG"]
    assert [answer.values is not None for answer in answers] == [False, False, True, True, True, False]


def test_letters_that_are_no_dna_are_named():
    with pytest.raises(InputError, match=r"t\.tsv:7: 'Q' at offset 1"):
        Answering(head_model(), 256).of([InputRow("x", b"AQ", where="t.tsv:7")])
    with pytest.raises(InputError, match="sequence 'x'"):
        Answering(head_model(), 256).of([InputRow("x", b"A-")])


def test_weights_that_give_no_number_are_told():
    model = head_model(VALUES)
    with torch.no_grad():
        model.head.final.weight.fill_(torch.nan)
    with pytest.raises(InputError, match="answer for '0' is not finite"):
        Answering(model, 256).of(ROWS)
