"""Records through the scorer into an output: straight, or kept block by block so that the run can be resumed."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from dna_mamba.io.paths import display_name
from dna_mamba.io.vcf import VcfReader, VcfRecord
from dna_mamba.io.vcf.writer import refuse_what_bcf_cannot_hold
from dna_mamba.runs import Claim, Facts, InputFile, LineStore, Shard, Span, progress_for, span_of
from dna_mamba.runs.shards import block_records
from dna_mamba.scoring.variant_files.scored_lines import ScoredLines, in_blocks
from dna_mamba.scoring.variant_files.summary import ScoreSummary
from dna_mamba.scoring.variant_files.target import SHARD_LINE, Target, open_output

_WHOLE = Shard(1, 1)


class Writing(NamedTuple):
    """What is written where: the input, its records that are wanted, how they become lines, and our header lines."""

    target: Target
    reader: VcfReader
    records: Iterator[VcfRecord]
    lines: ScoredLines
    header: list[str]

    def output_header(self, ours: Sequence[str]) -> list[str]:
        """Header lines of the output, with lines of our own."""
        return self.lines.layout.header(self.target.kind, self.reader.header_lines, ours)


class KeptRun(NamedTuple):
    """A run over a file whose progress is kept: what must agree to resume it, and which records it scores.

    Attributes:
        input: the variants as the run found them.
        facts: what decides the output, by name.
        n_records: wanted records of the whole file.
        shard: the piece to score; None for all, without the header line by which merging knows a shard.
        resume: resume an earlier run, if there is one.
    """

    input: InputFile
    facts: Facts
    n_records: int
    shard: Shard | None
    resume: bool


def write_through(writing: Writing, n_records: int | None) -> ScoreSummary:
    """Write as it comes; in blocks where the number of records is known."""
    summary = ScoreSummary()
    blocks = [writing.records] if n_records is None else in_blocks(writing.records, block_records(n_records))
    with open_output(writing.target, writing.output_header(writing.header)) as write:
        for block in blocks:
            for line in writing.lines.of(block, summary):
                write(line)
    return summary


def keep_and_write(writing: Writing, run: KeptRun) -> ScoreSummary:
    """Keep block by block what is done; write the target when everything is."""
    target, span = writing.target, span_of(run.shard, run.n_records)
    facts = {**run.facts, "shard": str(run.shard or _WHOLE)}
    with ExitStack() as stack:
        directory = stack.enter_context(progress_for(target.path))
        kept = LineStore(directory, facts, writing.header, resume=run.resume, force=target.force)
        store = stack.enter_context(kept)
        if target.format == "b" and not writing.reader.is_bcf and not store.n_items:
            _try_bcf(run.input.path, target)
        _score_rest(writing, span, block_records(run.n_records), store)
        run.input.refuse_change()
        store.is_complete = True
        with open_output(target, writing.output_header([*store.provenance, *_claim_lines(run, span, store)])) as write:
            for line in store.lines():
                write(line)
        store.discard()
        return ScoreSummary.of_counts(store.counts)


def _try_bcf(path: str | Path, target: Target) -> None:
    with VcfReader(path) as reader:
        lines = (record.line for record in reader)
        refuse_what_bcf_cannot_hold(reader.header_lines, lines, display_name(target.path))


def _score_rest(writing: Writing, span: Span, size: int, store: LineStore) -> None:
    """Score what the store lacks."""
    n_done = store.n_items
    writing.lines.advance(n_done)
    rest = islice(writing.records, span.first + n_done, span.last)
    for block in in_blocks(rest, size):
        tally = ScoreSummary()
        lines = list(writing.lines.of(block, tally))
        store.commit(lines, tally.n_records, tally.counts())


def _claim_lines(run: KeptRun, span: Span, store: LineStore) -> list[str]:
    """What a shard says of itself; nothing for a whole run."""
    if run.shard is None:
        return []
    claim = Claim(run.shard, span, run.n_records, *store.content(), store.counts, run.facts)
    return [claim.line(SHARD_LINE)]
