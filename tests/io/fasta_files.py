"""FASTA text of every layout the readers accept, with the records it holds."""

from typing import NamedTuple

from hypothesis import strategies as st

LETTERS = "ACGTNacgtnRYKMSWBDHVUu"


class FastaFile(NamedTuple):
    text: bytes
    records: list[tuple[str, str, bytes]]


@st.composite
def fasta_files(draw) -> FastaFile:
    """Lines of even or uneven width, LF or CRLF, blank lines, with or without a line feed at the end."""
    names = draw(st.lists(st.text("abcXYZ019_.:|-", min_size=1, max_size=8), min_size=1, max_size=4, unique=True))
    line_end = draw(st.sampled_from(["\n", "\r\n"]))
    text, records = draw(st.sampled_from(["", "\n", "\r\n\n"])), []
    for name in names:
        sequence = draw(st.text(LETTERS, max_size=90))
        description = draw(st.sampled_from(["", "two words", "x=1 >y"]))
        text += f">{name} {description}".rstrip() + line_end
        text += line_end.join(_lines(draw, sequence)) + line_end
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
