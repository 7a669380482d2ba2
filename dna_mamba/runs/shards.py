"""A run in pieces: which records a shard scores, and what its file says of itself so that merging can check it."""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from dna_mamba.errors import InputError
from dna_mamba.runs.counts import Counts, check_counts
from dna_mamba.runs.progress import Facts

_SHARD = re.compile(r"(\d{1,9})/(\d{1,9})")
_FEWEST, _MOST, _BLOCKS = 64, 4096, 256
"""Records in a block: about a 256th of the file, a multiple of 64 between these."""


class Shard(NamedTuple):
    """Piece ``number`` of ``total``, counted from 1."""

    number: int
    total: int

    def __str__(self) -> str:
        return f"{self.number}/{self.total}"


class Span(NamedTuple):
    """Records ``[first, last)``, counted from 0."""

    first: int
    last: int

    @property
    def n_records(self) -> int:
        return self.last - self.first


def parse_shard(text: str) -> Shard:
    """``2/4``: the second of four. Raises InputError for anything else."""
    match = _SHARD.fullmatch(text)
    shard = Shard(int(match[1]), int(match[2])) if match else Shard(0, 0)
    if not 1 <= shard.number <= shard.total:
        remedy = "write i/n with i from 1 to n, such as 2/4"
        raise InputError(f"{text[:40]!r} is not a shard", place="--shard", remedy=remedy)
    return shard


def block_records(n_records: int) -> int:
    """Records that are scored together, decided by their number alone.

    Windows of neighbouring records share a pass of the model, and a device may round a pass of other company
    otherwise. With batches that never reach over the edge of a block, and pieces that end at edges, every window
    meets the same company in one run, in many, and in one that was interrupted.
    """
    blocks_of_64 = -(-n_records // (_FEWEST * _BLOCKS))
    return min(_MOST, _FEWEST * max(1, blocks_of_64))


def span_of(shard: Shard | None, n_records: int) -> Span:
    """The records of a shard: contiguous, whole blocks, as many as of any other to within one block; None has all."""
    if shard is None:
        return Span(0, n_records)
    size = block_records(n_records)
    n_blocks = -(-n_records // size)
    first, last = (n_blocks * i // shard.total * size for i in (shard.number - 1, shard.number))
    return Span(min(first, n_records), min(last, n_records))


@dataclass(frozen=True)
class Claim:
    """What a shard says of itself.

    Attributes:
        shard: which piece it is.
        span: its records among those of the whole run.
        n_records: records of the whole run.
        n_lines: lines below its header.
        sha256: of those lines, each with its line feed.
        counts: what was counted in it.
        run: what decides its content, by name.
    """

    shard: Shard
    span: Span
    n_records: int
    n_lines: int
    sha256: str
    counts: Counts
    run: Facts

    def line(self, prefix: str) -> str:
        """The header line that holds it, ``prefix`` first."""
        return prefix + json.dumps(asdict(self), separators=(",", ":"))


def find_claim(header_lines: Iterable[str], prefix: str, place: str) -> Claim:
    """The claim in a header, in the line that begins with ``prefix``.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    lines = [line.removesuffix("\r") for line in header_lines if line.startswith(prefix)]
    if len(lines) != 1:
        remedy = "merge takes files that were written with --shard i/n"
        raise InputError("is not a shard" if not lines else "says twice which shard it is", place=place, remedy=remedy)
    try:
        return _parse_claim(json.loads(lines[0].removeprefix(prefix)))
    except (ValueError, TypeError, LookupError, AttributeError):
        raise InputError("its shard line cannot be read", place=place, remedy="make this shard again") from None


def _parse_claim(said: dict[str, Any]) -> Claim:
    """Raises ValueError, TypeError, LookupError or AttributeError for what ``Claim.line`` did not write."""
    numbers = [*said["shard"], *said["span"], said["n_records"], said["n_lines"]]
    if not all(isinstance(number, int) for number in numbers):
        raise TypeError
    run = {str(key): str(value) for key, value in said["run"].items()}
    sha256, counts = str(said["sha256"]), check_counts(said["counts"])
    return Claim(Shard(*said["shard"]), Span(*said["span"]), said["n_records"], said["n_lines"], sha256, counts, run)
