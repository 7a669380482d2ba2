"""What is said of every row, answered or not: its status."""

from enum import StrEnum

STATUS = "DM_STATUS"


class RowStatus(StrEnum):
    """Why a row has its answer, or has none; the first that applies, from the top."""

    NO_CONTIG = "NO_CONTIG"
    """The genome has no such contig; no answer."""
    OFF_CONTIG = "OFF_CONTIG"
    """The interval begins past the contig's end; no answer."""
    EMPTY = "EMPTY"
    """Not a single letter; no answer."""
    N_ONLY = "N_ONLY"
    """Nothing but N and other ambiguity codes; no answer."""
    TOO_SHORT = "TOO_SHORT"
    """Not a single token of the model; no answer."""
    TOO_LONG = "TOO_LONG"
    """Longer than the longest that was to be taken; no answer."""
    N_WINDOW = "N_WINDOW"
    """Answered, yet over a tenth of it is N or another ambiguity code."""
    EDGE_PADDED = "EDGE_PADDED"
    """Answered from the part of the interval that the contig has."""
    OK = "OK"
    """Answered from all of it."""
