"""One sequence out of a file of sequences, whatever its format."""

from typing import NamedTuple


class FastaRecord(NamedTuple):
    """One sequence: first word of its header, the rest of the header, and the letters as in the file."""

    name: str
    description: str
    sequence: bytes
