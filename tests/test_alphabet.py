import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.alphabet import (
    IUPAC_AMBIGUOUS,
    N_CODE,
    SOFT_MASK,
    LetterCounts,
    count_letters,
    decode_bases,
    encode_bases,
    reverse_complement,
    reverse_complement_codes,
)
from dna_mamba.errors import InputError

LETTERS = "ACGTUN" + IUPAC_AMBIGUOUS
URACIL = str.maketrans("Uu", "Tt")
sequences = st.text(LETTERS + LETTERS.lower(), max_size=60)
# IUPAC-IUB nomenclature (Cornish-Bowden 1985, table 1): the bases each letter stands for
MEANING = {
    "A": "A", "C": "C", "G": "G", "T": "T", "U": "T", "R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT",
    "M": "AC", "B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG", "N": "ACGT",
}  # fmt: skip


@pytest.mark.parametrize("letter", LETTERS)
def test_codes_of_each_letter(letter):
    code = "ACGT".index(MEANING[letter]) if len(MEANING[letter]) == 1 else N_CODE
    assert encode_bases(letter).tolist() == [code]
    assert encode_bases(letter.lower()).tolist() == [code | SOFT_MASK]


@pytest.mark.parametrize("letter", LETTERS)
def test_complement_stands_for_the_paired_bases(letter):
    paired = {"A": "T", "C": "G", "G": "C", "T": "A"}
    assert set(MEANING[reverse_complement(letter)]) == {paired[base] for base in MEANING[letter]}
    assert reverse_complement(letter.lower()) == reverse_complement(letter).lower()


@given(sequences)
def test_decoding_keeps_bases_and_case(sequence):
    kept = re.sub("[^ACGTacgt]", lambda other: "N" if other[0].isupper() else "n", sequence.translate(URACIL))
    assert decode_bases(encode_bases(sequence)) == kept
    for given_as in (sequence.encode(), np.frombuffer(sequence.encode(), dtype=np.uint8)):
        np.testing.assert_array_equal(encode_bases(given_as), encode_bases(sequence))


@given(sequences)
def test_reverse_complement_of_letters_and_codes_agree(sequence):
    mirrored = reverse_complement_codes(encode_bases(sequence))
    np.testing.assert_array_equal(mirrored, encode_bases(reverse_complement(sequence)))
    np.testing.assert_array_equal(reverse_complement_codes(mirrored), encode_bases(sequence))


@given(sequences)
def test_counts_against_brute_force(sequence):
    upper = sequence.upper()
    expected = LetterCounts(
        length=len(sequence),
        n_unknown=upper.count("N"),
        n_ambiguous=sum(upper.count(letter) for letter in IUPAC_AMBIGUOUS),
        n_soft_masked=sum(letter.islower() for letter in sequence),
        n_uracil=upper.count("U"),
    )
    for given_as in (sequence, sequence.encode(), np.frombuffer(sequence.encode(), dtype=np.uint8)):
        assert count_letters(given_as) == expected


def test_counts_add_up():
    assert count_letters("ACgn") + count_letters("RU") == count_letters("ACgnRU")


@pytest.mark.parametrize("check", [encode_bases, count_letters])
@pytest.mark.parametrize(
    ("sequence", "letter", "offset"),
    [("ACGTE", "'E'", 4), ("MKLV", "'L'", 2), ("AC-GT", "'-'", 2), ("AC\nGT", r"'\n'", 2), ("A\0", r"'\x00'", 1),
     (b"\xffA", "'ÿ'", 0), ("AÄC", "'?'", 1), ("AC GT*", "' '", 2)],
)  # fmt: skip
def test_what_is_no_nucleotide_is_named(check, sequence, letter, offset):
    with pytest.raises(InputError) as caught:
        check(sequence, place="x.fa: record 'p'")
    assert str(caught.value).startswith(f"x.fa: record 'p': {letter} at offset {offset} (0-based)")


def test_the_offset_counts_what_came_before():
    with pytest.raises(InputError, match="at offset 1002 "):
        count_letters("AC*", offset=1000)
