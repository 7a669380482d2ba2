"""Files of text lines, by the kinds of text that are not read as such: other encodings, other line ends."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dna_mamba.errors import InputError
from dna_mamba.io.compression import open_input
from dna_mamba.io.paths import display_name

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_TO_UTF_8 = "save it as UTF-8 or ASCII text (iconv -f UTF-16 -t UTF-8)"


def refuse_utf_16(head: bytes, place: str) -> None:
    """Raise InputError for the first bytes of a file of two-byte characters, with or without its byte-order mark."""
    first, second = head[0:4:2], head[1:4:2]
    is_ascii_in_utf_16 = len(head) >= 4 and (first == b"\0\0") != (second == b"\0\0")
    if head.startswith(_UTF_16_MARKS) or is_ascii_in_utf_16:
        raise InputError("is UTF-16 text", place=place, remedy=_TO_UTF_8)


def bare_carriage_return(place: str) -> InputError:
    """The error for lines that end in carriage returns alone, as old spreadsheets save them."""
    return InputError("bare carriage return", place=place, remedy="convert its line ends to LF (tr '\\r' '\\n')")


def begin_text(stream: io.BufferedReader, place: str) -> None:
    """Skip a UTF-8 byte-order mark at the start of a text stream, which nothing that is written will repeat.

    Raises:
        InputError: UTF-16, or lines that end in carriage returns alone.
    """
    head = stream.peek(len(BYTE_ORDER_MARK))
    if head.startswith(BYTE_ORDER_MARK):
        stream.read(len(BYTE_ORDER_MARK))
        head = head[len(BYTE_ORDER_MARK) :]
    refuse_utf_16(head, place)
    if b"\n" not in head and b"\r" in head.rstrip(b"\r"):
        raise bare_carriage_return(f"{place}:1")


@contextmanager
def open_text(path: str | Path) -> Iterator[io.BufferedReader]:
    """The unpacked bytes of a text file from its first line on; see ``open_input`` and ``begin_text``.

    Raises:
        InputError: the file cannot be opened, or is not text in lines; while reading, it is truncated or damaged.
    """
    with open_input(path) as stream:
        begin_text(stream, display_name(path))
        yield stream
