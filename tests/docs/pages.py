"""A page's code blocks: files that it writes down, commands that it gives, and what it says they print."""

import re
import shlex
from pathlib import Path
from typing import NamedTuple

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# (\S+\.yaml)\n")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


class Block(NamedTuple):
    """A fenced block: its language, and the text in it."""

    language: str
    text: str

    @property
    def file(self) -> str | None:
        """The name that its first line gives it."""
        named = _FILE.match(self.text)
        return named[1] if named else None

    @property
    def commands(self) -> list[list[str]]:
        """Words of each command line."""
        return [shlex.split(line, comments=True) for line in self.text.replace("\\\n", " ").splitlines() if line]


def blocks_of(page: Path) -> list[Block]:
    """All blocks of a page in order."""
    return [Block(language, text) for language, text in _BLOCK.findall(page.read_text(encoding="utf-8"))]


def is_printed(line: str, printed: str, *, within: float) -> bool:
    """Whether some printed line reads as this one, numbers with a point ``within`` a share of theirs."""
    words, numbers = _NUMBER.sub("#", line), _NUMBER.findall(line)
    for other in printed.splitlines():
        found = _NUMBER.findall(other)
        if _NUMBER.sub("#", other) == words and all(map(_near, numbers, found, [within] * len(numbers))):
            return True
    return False


def _near(one: str, other: str, within: float) -> bool:
    if "." not in one:
        return one == other
    wanted = float(one.replace(",", ""))
    return abs(wanted - float(other.replace(",", ""))) <= within * wanted
