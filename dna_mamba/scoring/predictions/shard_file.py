"""A shard of answers along contigs: what it is, then the answers and bases of its parts, until merging writes them.

Two lines of JSON, the header lines of the run, an empty line; then of each part its answers, float32 (bins, K), and its
base codes, uint8. A shard cannot be a track or genes yet: runs of classes and genes reach over its edges.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import ValidationError

from dna_mamba.alphabet import Codes
from dna_mamba.errors import InputError
from dna_mamba.genome import Contig, Interval
from dna_mamba.io.atomic import atomic_output
from dna_mamba.models import HeadConfig
from dna_mamba.runs import Claim
from dna_mamba.runs.shards import find_claim
from dna_mamba.scoring.predictions.answers import AnswerValues
from dna_mamba.scoring.predictions.layout import AlongAnswers
from dna_mamba.scoring.predictions.target import SHARD_LINE
from dna_mamba.scoring.predictions.units import AlongReading, AlongUnit, units_of
from dna_mamba.sequences.regions import by_contig

ANSWERS_LINE = "##dna-mamba_predictAnswers="
_AGAIN = "make this shard again"
_LONGEST_LINE = 1 << 30


class AlongRun(NamedTuple):
    """What a run answers, from which its parts follow."""

    head: HeadConfig
    contigs: Sequence[Contig]
    regions: Mapping[str, Sequence[Interval]]
    reading: AlongReading
    genetic_code: int

    def units(self) -> list[AlongUnit]:
        """All parts."""
        return units_of(self.contigs, self.regions, self.reading, self.head.bin_bp or 1)

    def line(self) -> str:
        """As a header line."""
        places = [[r.chrom, r.start, r.end] for some in self.regions.values() for r in some]
        said = {
            "head": self.head.model_dump(mode="json"),
            "contigs": self.contigs,
            "regions": places,
            "reading": self.reading,
            "genetic_code": self.genetic_code,
        }
        return ANSWERS_LINE + json.dumps(said, separators=(",", ":"))

    @classmethod
    def parse(cls, line: str, place: str) -> "AlongRun":
        """What ``line`` wrote. Raises InputError for anything else."""
        try:
            said: dict[str, Any] = json.loads(line.removeprefix(ANSWERS_LINE))
            regions = by_contig(Interval(chrom, start, end) for chrom, start, end in said["regions"])
            contigs = tuple(Contig(chrom, length) for chrom, length in said["contigs"])
            head, reading = HeadConfig.model_validate(said["head"]), AlongReading(*said["reading"])
            return cls(head, contigs, regions, reading, int(said["genetic_code"]))
        except (ValueError, TypeError, LookupError, ValidationError):
            raise InputError("its second line cannot be read", place=place, remedy=_AGAIN) from None


class AlongShard(NamedTuple):
    """A shard on disk: ``numbers`` of its parts, and where each begins in the file."""

    path: str
    claim: Claim
    run: AlongRun
    header: list[str]
    numbers: Sequence[int]
    offsets: Sequence[int]

    def values(self, unit: AlongUnit, at: int) -> AnswerValues:
        """Answers of a part, mapped into memory."""
        shape = (unit.n_bins, len(self.run.head.outputs))
        return np.memmap(self.path, dtype="<f4", mode="r", offset=self.offsets[at], shape=shape)

    def bases(self, unit: AlongUnit, at: int) -> Codes:
        """Base codes of a part."""
        offset = self.offsets[at] + 4 * unit.n_bins * len(self.run.head.outputs)
        return np.memmap(self.path, dtype=np.uint8, mode="r", offset=offset, shape=(unit.end - unit.start,))


def payload(answers: AlongAnswers, numbers: Iterable[int]) -> Iterable[bytes]:
    """What follows the header."""
    for number in numbers:
        yield np.ascontiguousarray(answers.values(number), dtype="<f4").tobytes()
        yield answers.bases(number).tobytes()


def write_shard(
    path: str | Path, claim: Claim, run: AlongRun, header: Sequence[str], pieces: Iterable[bytes], *, force: bool
) -> None:
    """Write a shard, whole or not at all.

    Raises:
        InputError: the file exists and not ``force``, or cannot be made.
        MachineError: the disk is full.
    """
    text = "\n".join([claim.line(SHARD_LINE), run.line(), *header, "", ""])
    with atomic_output(path, force=force) as stream:
        stream.write(text.encode("utf-8", errors="surrogateescape"))
        for piece in pieces:
            stream.write(piece)


def open_shard_file(path: str | Path) -> AlongShard:
    """A shard, checked against what it says of itself. Raises InputError for any other file, or a damaged one."""
    name = str(path)
    header: list[str] = []
    with open(path, "rb") as stream:
        while (raw := stream.readline(_LONGEST_LINE)) not in (b"\n", b""):
            header.append(raw.decode("utf-8", errors="surrogateescape").removesuffix("\n"))
        begin = stream.tell()
        claim = find_claim(header, SHARD_LINE, name)
        digest = hashlib.sha256()
        while piece := stream.read(1 << 22):
            digest.update(piece)
        size = stream.tell()
    run = AlongRun.parse(next((line for line in header if line.startswith(ANSWERS_LINE)), ""), name)
    units = run.units()
    numbers = numbers_in(units, claim.span)
    sizes = [4 * units[n].n_bins * len(run.head.outputs) + units[n].end - units[n].start for n in numbers]
    offsets = [begin + sum(sizes[:at]) for at in range(len(sizes))]
    if size != begin + sum(sizes) or digest.hexdigest() != claim.sha256:
        raise InputError("is damaged or cut short", place=name, remedy=_AGAIN)
    ours = [line for line in header if not line.startswith((SHARD_LINE, ANSWERS_LINE))]
    return AlongShard(name, claim, run, ours, numbers, offsets)


def numbers_in(units: Sequence[AlongUnit], span: tuple[int, int]) -> list[int]:
    """The parts that begin in a span of the answered bases, laid end to end."""
    numbers, at = [], 0
    for number, unit in enumerate(units):
        if span[0] <= at < span[1]:
            numbers.append(number)
        at += unit.end - unit.start
    return numbers
