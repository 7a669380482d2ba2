"""FASTA text of every layout the readers accept, with the records it holds, and a naive reader of it."""

from typing import NamedTuple

from hypothesis import strategies as st

LETTERS = "ACGTNacgtnRYKMSWBDHVUu"
blanks = st.sampled_from(["", "", "", " ", "\t", " \t  "])


class FastaFile(NamedTuple):
    text: bytes
    records: list[tuple[str, str, bytes]]


@st.composite
def fasta_files(draw) -> FastaFile:
    """Lines of even or uneven width, LF or CRLF, blank lines, blanks, with or without a line feed at the end."""
    names = draw(st.lists(st.text("abcXYZ019_.:|-", min_size=1, max_size=8), min_size=1, max_size=4, unique=True))
    line_end = draw(st.sampled_from(["\n", "\r\n"]))
    text, records = draw(st.sampled_from(["", "\n", "\r\n\n"])), []
    for name in names:
        sequence = draw(st.text(LETTERS, max_size=90))
        description = draw(st.sampled_from(["", "two words", "x=1 >y"]))
        text += f">{draw(blanks)}{name} {description}".rstrip() + draw(blanks) + line_end
        text += line_end.join(_with_blanks(draw, line) for line in _lines(draw, sequence)) + line_end
        text += line_end * draw(st.integers(0, 2))
        records.append((name, description, sequence.encode()))
    if draw(st.booleans()):
        text = text.rstrip("\r\n") if records[-1][2] else text
    return FastaFile(text.encode(), records)


def _lines(draw, sequence: str) -> list[str]:
    if draw(st.booleans()):
        width = draw(st.integers(1, 30))
        return [sequence[i : i + width] for i in range(0, len(sequence), width)]
    cuts = sorted(draw(st.lists(st.integers(0, len(sequence)), max_size=6)))
    return [sequence[i:j] for i, j in zip([0, *cuts], [*cuts, len(sequence)], strict=True)]


def _with_blanks(draw, line: str) -> str:
    """The line with blanks before, within and after it, most often none."""
    cut = draw(st.integers(0, len(line)))
    return draw(blanks) + line[:cut] + draw(blanks) + line[cut:] + draw(blanks)


def naive_records(text: bytes) -> list[tuple[str, bytes]]:
    """Names and letters, read the slow and obvious way."""
    records: list[tuple[str, bytes]] = []
    for line in text.decode("latin-1").replace("\r", "").split("\n"):
        if line.startswith(">"):
            records.append((line[1:].split()[0], b""))
        elif records:
            name, letters = records[-1]
            records[-1] = (name, letters + "".join(line.split()).encode())
    return records
