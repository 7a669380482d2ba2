"""Letters to two bits a base and back: eight bases a word of 16 bits, the first in the lowest bits.

What two bits cannot say is kept beside them: one bit a base for soft mask, and runs of one letter that is not among
ACGT (N, the other IUPAC codes, U), which count as A in the packed bases, U as T. Soft mask has a bit because its
stretches are many in some genomes, and a bit costs the same time anywhere.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import BASES, IUPAC_AMBIGUOUS, N_CODE, SOFT_MASK, Codes

BASES_A_WORD = 8
REFUSED = b"\xff"
"""What ``marked`` makes of a byte that is not an IUPAC nucleotide code."""
OTHER_LETTERS = "N" + IUPAC_AMBIGUOUS + "U"
_GAPS = b"\n\r \t"
"""As ``dna_mamba.io.fasta.lines.letters_of`` takes them out."""
_LOWER, _OTHER_SHIFT = 4, 3
_GATHER = np.uint32(1 << 24 | 1 << 18 | 1 << 12 | 1 << 6)
"""Times four bytes of two bits each: their bits side by side in the highest byte, without a carry."""


class LetterRuns(NamedTuple):
    """Stretches of one letter: their first base and the base past the last, int64 (n,), ascending.

    ``letters`` says which of ``OTHER_LETTERS`` it is, uint8 (n,).
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    letters: NDArray[np.uint8]


def _mark_table() -> bytes:
    """Base in bits 0-1, lower case in bit 2, one more than the place in ``OTHER_LETTERS`` above."""
    table = np.full(256, REFUSED[0], dtype=np.uint8)
    for mark, letter in enumerate(BASES):
        table[ord(letter)] = mark
    for place, letter in enumerate(OTHER_LETTERS, start=1):
        table[ord(letter)] = place << _OTHER_SHIFT | (BASES.index("T") if letter == "U" else 0)
    for letter in BASES + OTHER_LETTERS:
        table[ord(letter.lower())] = table[ord(letter)] | _LOWER
    return table.tobytes()


def _word_table() -> NDArray[np.uint64]:
    """The eight codes of each word, as one number whose bytes they are."""
    words = np.arange(1 << 16)[:, None] >> 2 * np.arange(BASES_A_WORD)
    return (words & 3).astype(np.uint8).view(np.uint64).reshape(-1)


def _mask_table() -> NDArray[np.uint64]:
    """The soft-mask bits of eight codes for each byte of a mask, as one number whose bytes they are."""
    bits = np.arange(1 << 8)[:, None] >> np.arange(BASES_A_WORD) & 1
    return (bits * SOFT_MASK).astype(np.uint8).view(np.uint64).reshape(-1)


_MARKS = _mark_table()
_WORDS = _word_table()
_MASKS = _mask_table()
_BYTE = np.dtype(np.uint8)
OTHER_CODES = tuple(3 if letter == "U" else N_CODE for letter in OTHER_LETTERS)
"""The base code of each of ``OTHER_LETTERS``: U is read as T."""
_GC_OF_BYTE = np.array([sum((byte >> shift) & 3 in (1, 2) for shift in (0, 2, 4, 6)) for byte in range(256)])


def marked(text: bytes) -> bytes:
    """One byte a letter that says base, case and letter; line ends and blanks are left out. See ``REFUSED``."""
    return text.translate(_MARKS, _GAPS)


def packed(marks: Codes) -> Codes:
    """Two bits a base, uint8 (n / 4,), of what ``marked`` gave, uint8 (n,) where 8 divides n."""
    bases = marks.view("<u4") & np.uint32(0x03030303)
    bases *= _GATHER
    bases >>= np.uint32(24)
    return bases.astype(np.uint8)


def packed_mask(marks: Codes) -> Codes:
    """One bit a base, set for lower case, uint8 (n / 8,), of what ``marked`` gave, uint8 (n,) where 8 divides n."""
    return np.packbits(marks & _LOWER, bitorder="little")


def n_lower(marks: Codes) -> int:
    """How many letters are lower case in what ``marked`` gave."""
    return int(np.count_nonzero(marks & _LOWER))


def unpacked(words: NDArray[np.uint16], mask: Codes | None, skip: int, length: int) -> Codes:
    """Base codes uint8 (length,), ``skip`` bases left out before them.

    ``words`` are packed bases (n,), ``mask`` is their soft mask (n,), None where there is none.
    """
    codes = _WORDS.take(words)
    if mask is not None:
        codes |= _MASKS.take(mask)
    return codes.view(_BYTE)[skip : skip + length]


def gc_of(packed_bases: Codes) -> int:
    """How many of some packed bases are C or G."""
    return int(np.bincount(packed_bases, minlength=256) @ _GC_OF_BYTE)


def runs_of_others(marks: Codes) -> LetterRuns:
    """Stretches of one letter beside ACGT, in either case, in what ``marked`` gave, uint8 (n,)."""
    places = np.flatnonzero(marks >= 1 << _OTHER_SHIFT)
    letters = (marks[places] >> np.uint8(_OTHER_SHIFT)) - np.uint8(1)
    begins = np.ones(len(places), dtype=bool)
    begins[1:] = (np.diff(places) != 1) | (letters[1:] != letters[:-1])
    firsts = np.flatnonzero(begins)
    lasts = np.append(firsts[1:], len(places))[: len(firsts)] - 1
    return LetterRuns(places[firsts], places[lasts] + 1, letters[firsts])
