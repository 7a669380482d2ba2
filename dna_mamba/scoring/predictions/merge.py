"""Shards of predictions put together again: what one run would have written, or a refusal that says which is wrong."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from dna_mamba.errors import InputError
from dna_mamba.io.compression import open_input
from dna_mamba.io.paths import STDIO
from dna_mamba.runs import Claim
from dna_mamba.runs.counts import Advance, Counts, add_counts, untold
from dna_mamba.runs.shard_sets import ClaimedFile, check_shards
from dna_mamba.runs.shards import find_claim
from dna_mamba.runs.table_lines import read_parquet_header, read_parquet_lines
from dna_mamba.scoring.predictions.along_files import output_files, write_along
from dna_mamba.scoring.predictions.layout import AlongAnswers
from dna_mamba.scoring.predictions.shard_file import ANSWERS_LINE, AlongShard, open_shard_file
from dna_mamba.scoring.predictions.status import STATUS
from dna_mamba.scoring.predictions.summary import PredictSummary
from dna_mamba.scoring.predictions.target import SHARD_LINE, PredictionTarget, open_lines

_PARQUET_MAGIC = b"PAR1"
_AGAIN = "make this shard again"
_OWN_LINES = (SHARD_LINE, "##dna-mamba_predictCommand=")


class LineShard(NamedTuple):
    """A shard of answers a row: header lines, the last of which names the columns, and what it says of itself."""

    path: str
    header: list[str]
    claim: Claim
    is_parquet: bool

    def lines(self) -> Iterator[str]:
        """Below the header."""
        return read_parquet_lines(self.path) if self.is_parquet else _text_below(self.path)


def is_prediction_shard(path: str | Path) -> bool:
    """Whether a file is a shard that ``predict --shard`` wrote. Raises InputError if it cannot be read."""
    if str(path) == STDIO:
        return False
    with open_input(path) as stream:
        if not stream.peek(len(_PARQUET_MAGIC)).startswith(_PARQUET_MAGIC):
            return stream.read(len(SHARD_LINE)) == SHARD_LINE.encode()
    return any(line.startswith(SHARD_LINE) for line in read_parquet_header(path))


def merge_predictions(
    paths: Sequence[str | Path], target: PredictionTarget, advance: Advance = untold
) -> PredictSummary | list[str]:
    """Write what the run would have written whole: a summary of its rows, or the names of the files along contigs.

    Args:
        paths: the files that ``predict --shard 1/n`` to ``n/n`` wrote, in any order.
        target: file to write, of any format that holds such predictions; provenance is that of the first shard.
        advance: told how many lines, or parts, have just been written.

    Raises:
        InputError: a file that is not a shard or is damaged, a shard of another run, missing or given twice, or a
            target that exists or cannot hold the predictions. Nothing is written then.
        MachineError: the disk is full.
    """
    target.check_free()
    kinds = {_is_along(path) for path in paths}
    if len(kinds) > 1:
        raise InputError("answers a row and answers along contigs", place="merge", remedy="give shards of one run")
    return _merge_along(paths, target) if kinds == {True} else _merge_lines(paths, target, advance)


def _is_along(path: str | Path) -> bool:
    if not is_prediction_shard(path):
        remedy = "merge takes files that were written with --shard i/n"
        raise InputError("is not a shard of predictions", place=path, remedy=remedy)
    with open_input(path) as stream:
        stream.readline()
        return stream.read(len(ANSWERS_LINE)) == ANSWERS_LINE.encode()


def _merge_along(paths: Sequence[str | Path], target: PredictionTarget) -> list[str]:
    shards = sorted((open_shard_file(path) for path in paths), key=lambda shard: shard.claim.shard)
    check_shards([ClaimedFile(shard.path, shard.claim) for shard in shards])
    run, units = shards[0].run, shards[0].run.units()
    places = {number: (shard, at) for shard in shards for at, number in enumerate(shard.numbers)}

    def place(number: int) -> tuple[AlongShard, int]:
        return places[number]

    answers = AlongAnswers(
        run.head,
        run.contigs,
        run.regions,
        units,
        lambda number: place(number)[0].values(units[number], place(number)[1]),
        lambda number: place(number)[0].bases(units[number], place(number)[1]),
        run.genetic_code,
    )
    target.check(run.head)
    files = output_files(target, run.head, run.contigs)
    write_along(answers, target, shards[0].header, force=target.force)
    return files


def _merge_lines(paths: Sequence[str | Path], target: PredictionTarget, advance: Advance) -> PredictSummary:
    shards = sorted((_open_lines_of(path) for path in paths), key=lambda shard: shard.claim.shard)
    notes = check_shards([ClaimedFile(shard.path, shard.claim) for shard in shards])
    first = shards[0]
    for shard in shards[1:]:
        if _common(shard.header) != _common(first.header):
            raise InputError(f"its header is not that of {first.path}", place=shard.path, remedy=_AGAIN)
    is_bed = first.header[-1].startswith("#")
    if is_bed != (target.format == "bed") or target.format not in ("tsv", "parquet", "bed"):
        remedy = "merge BED into .bed" if is_bed else "merge tables into .tsv or .parquet"
        raise InputError("the shards are of another kind", place=target.path, remedy=remedy)
    header = [line for line in first.header if not line.startswith(SHARD_LINE)]
    names = header[-1].removeprefix("#").split("\t")
    floats = [] if is_bed else names[1 : names.index(STATUS)]
    total: Counts = {}
    with open_lines(target, header, integers=(), floats=floats) as write:
        for shard in shards:
            total = add_counts(total, shard.claim.counts)
            for line in _checked(shard):
                write(line)
                advance(1)
    summary = PredictSummary.of_counts(total)
    summary.notes = notes
    return summary


def _common(header: Sequence[str]) -> list[str]:
    return [line for line in header if not line.startswith(_OWN_LINES)]


def _open_lines_of(path: str | Path) -> LineShard:
    name = str(path)
    with open_input(path) as stream:
        is_parquet = stream.peek(len(_PARQUET_MAGIC)).startswith(_PARQUET_MAGIC)
        header = [] if is_parquet else _head(stream)
    header = read_parquet_header(path) if is_parquet else header
    return LineShard(name, header, find_claim(header, SHARD_LINE, name), is_parquet)


def _head(lines: Iterator[bytes]) -> list[str]:
    header: list[str] = []
    for raw in lines:
        header.append(raw.removesuffix(b"\n").decode("utf-8", errors="surrogateescape"))
        if not raw.startswith(b"##"):
            break
    return header


def _text_below(path: str) -> Iterator[str]:
    with open_input(path) as stream:
        _head(stream)
        for raw in stream:
            yield raw.removesuffix(b"\n").decode("utf-8", errors="surrogateescape")


def _checked(shard: LineShard) -> Iterator[str]:
    digest, n_lines = hashlib.sha256(), 0
    for line in shard.lines():
        digest.update(f"{line}\n".encode("utf-8", errors="surrogateescape"))
        n_lines += 1
        yield line
    if n_lines != shard.claim.n_lines or (digest.hexdigest() != shard.claim.sha256 and not shard.is_parquet):
        raise InputError("its lines are not those that were written", place=shard.path, remedy=_AGAIN)
