"""The nucleotide alphabet: IUPAC letters, base codes, complements.

Codes are one byte a position: the low three bits hold the base (A 0, C 1, G 2, T 3, anything else N 4) and
``SOFT_MASK`` marks a lower-case letter, the convention for repeats. Letters: IUPAC-IUB, Cornish-Bowden 1985.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.errors import InputError

BASES = "ACGT"
N_CODE = 4
SOFT_MASK = 8
"""Bit set in a code when the letter was lower case."""
IUPAC_AMBIGUOUS = "RYSWKMBDHV"
_COMPLEMENTS = str.maketrans("ACGTUNRYSWKMBDHV" + "acgtunryswkmbdhv", "TGCAANYRSWMKVHDB" + "tgcaanyrswmkvhdb")
_REFUSED = 255

Codes = NDArray[np.uint8]
"""Base codes, (L,)."""

_BASE_COMPLEMENT = np.array([3, 2, 1, 0, 4], dtype=np.uint8)


class LetterCounts(NamedTuple):
    """What a sequence is made of, in base pairs. ``n_ambiguous`` counts IUPAC codes other than N; both become N."""

    length: int
    n_unknown: int
    n_ambiguous: int
    n_soft_masked: int
    n_uracil: int

    def __add__(self, other: object) -> "LetterCounts":
        if not isinstance(other, LetterCounts):
            return NotImplemented
        return LetterCounts(*(a + b for a, b in zip(self, other, strict=True)))


def _code_table() -> NDArray[np.uint8]:
    table = np.full(256, _REFUSED, dtype=np.uint8)
    for letter in "ACGTUN" + IUPAC_AMBIGUOUS:
        code = BASES.find("T" if letter == "U" else letter)
        code = N_CODE if code < 0 else code
        table[ord(letter)] = code
        table[ord(letter.lower())] = code | SOFT_MASK
    return table


_CODES = _code_table()
_LETTERS = np.frombuffer(b"ACGTN???acgtn???", dtype=np.uint8)


def as_bytes_array(sequence: str | bytes | NDArray[np.uint8]) -> NDArray[np.uint8]:
    """ASCII letters of a sequence as uint8 (L,), without a copy for bytes."""
    if isinstance(sequence, str):
        sequence = sequence.encode("ascii", errors="replace")
    if isinstance(sequence, bytes | bytearray | memoryview):
        return np.frombuffer(sequence, dtype=np.uint8)
    return sequence


def _refusal(letters: NDArray[np.uint8], place: str | None, offset: int = 0) -> InputError:
    at = int(np.argmax(_CODES[letters] == _REFUSED))
    return InputError(
        f"{chr(letters[at])!r} at offset {offset + at} (0-based) is not an IUPAC nucleotide code",
        place=place,
        remedy="give a DNA sequence (protein, binary and gapped sequences are refused)",
    )


def encode_bases(sequence: str | bytes | NDArray[np.uint8], *, place: str | None = None) -> NDArray[np.uint8]:
    """Letters to codes, uint8 (L,): base in the low bits, ``SOFT_MASK`` for lower case, U read as T.

    Raises:
        InputError: a letter is not an IUPAC nucleotide code (protein, binary or gapped input); names it and its offset.
    """
    letters = as_bytes_array(sequence)
    # bytearray.translate looks up several bases in the time numpy takes for one, and its result can be written to.
    codes = np.frombuffer(bytearray(letters.data).translate(_CODES.tobytes()), dtype=np.uint8)
    if letters.size and codes.max() == _REFUSED:
        raise _refusal(letters, place)
    return codes


def bases_of(codes: Codes) -> Codes:
    """Codes without their soft-mask bits: A 0, C 1, G 2, T 3, anything else N_CODE."""
    bases: Codes = codes & ~np.uint8(SOFT_MASK)
    return bases


def decode_bases(codes: NDArray[np.uint8]) -> str:
    """Codes back to letters ACGTN, lower case where soft-masked."""
    return _LETTERS[codes].tobytes().decode("ascii")


def count_letters(
    sequence: str | bytes | NDArray[np.uint8], *, place: str | None = None, offset: int = 0
) -> LetterCounts:
    """Count N, other IUPAC codes, lower case and U; far faster than ``encode_bases`` where mostly ACGT.

    Raises:
        InputError: a letter is not an IUPAC nucleotide code; names it and its offset, ``offset`` added.
    """
    letters = as_bytes_array(sequence)
    rest = (sequence if isinstance(sequence, bytes) else letters.tobytes()).translate(None, b"ACGTacgt")
    n_soft_masked = int(np.count_nonzero(letters >= ord("a")))
    if not rest:
        return LetterCounts(letters.size, 0, 0, n_soft_masked, 0)
    histogram = np.bincount(np.frombuffer(rest, dtype=np.uint8), minlength=256)
    if histogram[_CODES == _REFUSED].any():
        raise _refusal(letters, place, offset)

    def total(wanted: str) -> int:
        return int(histogram[np.frombuffer((wanted + wanted.lower()).encode(), dtype=np.uint8)].sum())

    return LetterCounts(letters.size, total("N"), total(IUPAC_AMBIGUOUS), n_soft_masked, total("U"))


def reverse_complement(sequence: str) -> str:
    """Reverse complement of IUPAC letters; case is kept, U complements to A."""
    return sequence.translate(_COMPLEMENTS)[::-1]


def reverse_complement_codes(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Reverse complement of base codes (L,), soft-mask bits kept with their base."""
    flipped = codes[::-1]
    complement: NDArray[np.uint8] = _BASE_COMPLEMENT[flipped & 7] | (flipped & SOFT_MASK)
    return complement
