"""Shards put together again: what one run would have written, or a refusal that says which file is wrong."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dna_mamba.errors import InputError
from dna_mamba.io.compression import open_input
from dna_mamba.io.paths import STDIO, check_local
from dna_mamba.io.vcf import VcfReader, write_vcf_index
from dna_mamba.io.vcf.binary import BCF_MAGIC, join_bcf
from dna_mamba.runs.counts import Advance, Counts, add_counts, untold
from dna_mamba.runs.shard_sets import ClaimedFile, check_shards
from dna_mamba.runs.shards import Claim, find_claim
from dna_mamba.runs.table_lines import read_parquet_header, read_parquet_lines
from dna_mamba.scoring.variant_files.summary import ScoreSummary
from dna_mamba.scoring.variant_files.target import SHARD_LINE, Kind, Target, as_target, open_output

_OWN_LINES = (SHARD_LINE, "##dna-mamba_scoreCommand=")
_AGAIN = "score this shard again"
_PARQUET_MAGIC = b"PAR1"
Lines = Callable[[], Iterator[str]]


@dataclass(frozen=True)
class ShardFile:
    """A shard on disk: its header, what it claims, and its lines; ``format`` is v (any text), b or parquet."""

    path: str
    format: str
    kind: Kind
    header: list[str]
    claim: Claim
    lines: Lines

    @property
    def common_header(self) -> list[str]:
        """The lines that all shards of a run have in common."""
        return [line for line in self.header if not line.startswith(_OWN_LINES)]


def merge_scores(
    paths: Sequence[str | Path], target: Target | str | Path, advance: Advance = untold
) -> ScoreSummary:
    """Write what the run would have written whole; returns the summary of the whole, and notes for a person.

    The shards may be given in any order: each says which it is.

    Args:
        paths: the files that ``score --shard 1/n`` to ``n/n`` wrote.
        target: file to write; its provenance is that of the first shard.
        advance: told how many lines have just been written.

    Raises:
        InputError: a file that is not a shard or is damaged, a shard of another run, missing or given twice, or a
            target that exists or is of another kind than the shards; names file and reason. Nothing is written then.
        MachineError: the disk is full.
    """
    target = as_target(target)
    target.check()
    shards = sorted((open_shard(path) for path in paths), key=lambda shard: shard.claim.shard)
    notes = check_shards([ClaimedFile(shard.path, shard.claim) for shard in shards])
    _refuse_other_headers(shards)
    summary = ScoreSummary.of_counts(_total([shard.claim.counts for shard in shards]))
    summary.notes = notes
    _refuse_other_kind(shards[0], target)
    header = [line for line in shards[0].header if not line.startswith(SHARD_LINE)]
    if shards[0].format == "b":
        _merge_bcf(shards, target, advance)
        return summary
    with open_output(target, header) as write:
        for shard in shards:
            for line in _checked_lines(shard):
                write(line)
                advance(1)
    return summary


def open_shard(path: str | Path) -> ShardFile:
    """Header and claim of a shard. Raises InputError for any other file."""
    name = check_local(path)
    if name == STDIO:
        raise InputError("a shard is read more than once", place="standard input", remedy="give it as a file")
    with open_input(name) as stream:
        start = stream.peek(len(BCF_MAGIC))[: len(BCF_MAGIC)]
        is_bcf, is_parquet = start == BCF_MAGIC, start.startswith(_PARQUET_MAGIC)
    if is_parquet:
        header = read_parquet_header(name)
        return ShardFile(name, "parquet", "table", header, _find_claim(header, name), lambda: read_parquet_lines(name))
    header = [line.removesuffix("\n") for line in _head(name)] if not is_bcf else _vcf_header(name)
    claim = _find_claim(header, name)
    kind: Kind = "records" if header[-1].startswith("#CHROM") else "table"
    return ShardFile(name, "b" if is_bcf else "v", kind, header, claim, lambda: _text_lines(name))


def _total(counts: Sequence[Counts]) -> Counts:
    total: Counts = {}
    for more in counts:
        total = add_counts(total, more)
    return total


def _find_claim(header: Sequence[str], place: str) -> Claim:
    """What a shard says of itself. Raises InputError where it says nothing, or nothing that can be read."""
    claim = find_claim(header, SHARD_LINE, place)
    try:
        ScoreSummary.of_counts(claim.counts)
    except ValueError:
        raise InputError("its shard line cannot be read", place=place, remedy=_AGAIN) from None
    return claim


def _vcf_header(path: str) -> list[str]:
    with VcfReader(path) as reader:
        return reader.header_lines


@contextmanager
def _open_text(path: str) -> Iterator[Iterator[str]]:
    with open_input(path) as stream:
        yield (line.removesuffix(b"\n").decode("utf-8", errors="surrogateescape") for line in stream)


def _head(path: str) -> list[str]:
    """Lines that begin with #, up to the one with the column names."""
    header: list[str] = []
    with _open_text(path) as lines:
        for line in lines:
            if not line.startswith("#"):
                break
            header.append(line)
            if not line.startswith("##"):
                break
    if not header:
        raise InputError("is not a shard", place=path, remedy="merge takes files that were written with --shard i/n")
    return header


def _text_lines(path: str) -> Iterator[str]:
    with _open_text(path) as lines:
        in_header = True
        for line in lines:
            if in_header:
                in_header = line.startswith("##")
            else:
                yield line


def _refuse_other_headers(shards: Sequence[ShardFile]) -> None:
    first, *others = shards
    for other in others:
        if other.common_header != first.common_header or other.kind != first.kind or other.format != first.format:
            raise InputError(f"its header or format is not that of {first.path}", place=other.path, remedy=_AGAIN)


def _refuse_other_kind(shard: ShardFile, target: Target) -> None:
    if (shard.format == "b") != (target.format == "b") and shard.kind == "records":
        made = "BCF, whose numbers are not those of the text" if shard.format == "b" else "VCF text"
        remedy = "merge BCF into .bcf, and VCF into .vcf or .vcf.gz"
        raise InputError(f"the shards are {made}", place=os.fspath(target.path), remedy=remedy)
    if shard.kind != target.kind:
        remedy = "merge tables into .tsv, .tsv.gz or .parquet, and VCF into VCF"
        raise InputError("the shards are of another kind", place=os.fspath(target.path), remedy=remedy)


def _checked_lines(shard: ShardFile) -> Iterator[str]:
    digest, n_lines, is_text = hashlib.sha256(), 0, shard.format != "parquet"
    for line in shard.lines():
        digest.update(f"{line}\n".encode("utf-8", errors="surrogateescape"))
        n_lines += 1
        yield line
    _refuse_damage(shard, n_lines, digest.hexdigest() if is_text else shard.claim.sha256)


def _refuse_damage(shard: ShardFile, n_lines: int, sha256: str) -> None:
    if n_lines != shard.claim.n_lines:
        what = f"{n_lines:,} lines below its header, not {shard.claim.n_lines:,}"
        raise InputError(what, place=shard.path, remedy=_AGAIN)
    if sha256 != shard.claim.sha256:
        raise InputError("its lines were changed since they were written", place=shard.path, remedy=_AGAIN)


def _merge_bcf(shards: Sequence[ShardFile], target: Target, advance: Advance) -> None:
    """Records as they lie in the shards: through text, numbers would lose digits."""
    for shard in shards:
        with VcfReader(shard.path) as reader:
            n_lines = sum(1 for _ in reader)
        _refuse_damage(shard, n_lines, shard.claim.sha256)
        advance(n_lines)
    join_bcf([shard.path for shard in shards], target.path, without=SHARD_LINE, force=target.force)
    if target.write_index:
        write_vcf_index(target.path)
