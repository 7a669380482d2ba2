"""Bit by bit against a plain reading of the format."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.alphabet import encode_bases
from dna_mamba.data.store.letters import OTHER_LETTERS, gc_of, marked, packed, packed_mask, runs_of_others, unpacked


@given(st.text("ACGTacgt", min_size=0, max_size=99))
def test_bases_and_soft_mask(letters: str) -> None:
    letters += "A" * (-len(letters) % 8)
    marks = np.frombuffer(marked(letters.encode()), dtype=np.uint8)
    bases = packed(marks)
    places = range(len(letters))
    assert [(bases[i // 4] >> 2 * (i % 4)) & 3 for i in places] == ["ACGT".find(c) for c in letters.upper()]
    mask = packed_mask(marks)
    assert [bool(mask[i // 8] >> i % 8 & 1) for i in places] == [c.islower() for c in letters]
    assert gc_of(bases) == sum(c in "CGcg" for c in letters)
    codes = unpacked(bases.view("<u2"), mask, 0, len(letters))
    assert codes.tolist() == encode_bases(letters).tolist()
    assert unpacked(bases.view("<u2"), None, 3, max(0, len(letters) - 5)).tolist() == (codes & 7)[3:-2].tolist()


def test_runs_are_of_one_letter_in_either_case() -> None:
    marks = np.frombuffer(marked(b"NNnA\nRRN ugT"), dtype=np.uint8)
    runs = runs_of_others(marks)
    assert runs.starts.tolist() == [0, 4, 6, 7] and runs.ends.tolist() == [3, 6, 7, 8]
    assert [OTHER_LETTERS[i] for i in runs.letters] == ["N", "R", "N", "U"]
    assert b"\xff" in marked(b"AC-") and b"\xff" in marked(b"MKL")
