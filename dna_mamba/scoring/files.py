"""A VCF in, the same VCF (or a table) with scores out."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from dna_mamba.errors import InputError
from dna_mamba.genome import Variant
from dna_mamba.io.atomic import atomic_output, check_target
from dna_mamba.io.bgzf import BgzfWriter
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.vcf import VcfReader, VcfRecord, with_header_lines
from dna_mamba.io.vcf_writer import VcfWriter, vcf_format
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.scoring.alleles import AlleleStatus, VariantScore
from dna_mamba.scoring.annotation import info_definitions, info_of, parse_info, table_header, table_rows
from dna_mamba.scoring.assess import Assessor, CheckRef
from dna_mamba.scoring.scores import DEFAULT_SCORES, Column, columns_of, find_scores
from dna_mamba.scoring.summary import ScoreSummary, letters_line
from dna_mamba.scoring.variants import VariantScorer
from dna_mamba.scoring.windows import DEFAULT_CONTEXT_BP

OutputFormat = Literal["v", "z", "b", "t"]
Write = Callable[[VcfRecord, Sequence[VariantScore]], None]
_TABLE_SUFFIXES = (".tsv", ".tsv.gz")


class Target(NamedTuple):
    """Where scores go: a path (``-`` is standard output), the format if the suffix does not tell, and its header."""

    path: str | Path
    chosen_format: str | None = None
    force: bool = False
    provenance: Sequence[str] = ()

    @property
    def format(self) -> OutputFormat:
        """As chosen, or by suffix; VCF text on standard output. Raises InputError if neither tells."""
        name = os.fspath(self.path).lower()
        is_table = name.endswith(_TABLE_SUFFIXES) if self.chosen_format is None else self.chosen_format == "t"
        return "t" if is_table else vcf_format(self.path, self.chosen_format)

    def check(self) -> None:
        """Refuse, before any work is done, a target that cannot be written. Raises InputError."""
        _ = self.format
        check_target(self.path, force=self.force)


class Layout(NamedTuple):
    """The numbers in an output, and the window that its header states."""

    columns: list[Column]
    context_bp: int


class Survey(NamedTuple):
    """What one reading of a VCF told before any scoring: its records, and lines a person should see."""

    n_records: int
    notes: list[str]


def alleles_of(record: VcfRecord) -> tuple[Variant, ...]:
    """The alleles of a record, in order of ALT; none where ALT is ``.``."""
    return tuple(Variant(record.chrom, record.pos, record.ref, alt) for alt in record.alts)


def can_be_read_twice(path: str | Path) -> bool:
    """Whether this is a file on disk, not a pipe."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False


def survey_vcf(
    path: str | Path,
    reference: FastaReader,
    advance: Callable[[int], None] = lambda count: None,
    *,
    context_bp: int = DEFAULT_CONTEXT_BP,
    check_ref: CheckRef = "w",
) -> Survey:
    """Read a VCF once, without a model: count it, match its contigs and compare every REF with the reference.

    Raises:
        InputError: the VCF is malformed, or REF differs in more than 5 % of its alleles, or where ``check_ref`` is
            ``e`` in any.
    """
    n_records = 0
    with VcfReader(path) as reader:
        assessor = Assessor(reference, reader.contigs, context_bp=context_bp, check_ref=check_ref)
        for record in reader:
            for variant in alleles_of(record):
                assessor.assess(variant)
            n_records += 1
            advance(1)
    assessor.check.refuse_wrong_build()
    return Survey(n_records, assessor.notes())


def count_windows(path: str | Path, scorer: VariantScorer) -> int:
    """Windows the model will have to read for a VCF, those that neighbouring records share counted for each."""
    with VcfReader(path) as reader:
        return sum(scorer.n_windows(alleles_of(record)) for record in reader)


def score_vcf(
    path: str | Path,
    target: Target,
    reference: FastaReader,
    model: MaskedLanguageModel,
    *,
    scores: Sequence[str] = DEFAULT_SCORES,
    context_bp: int = DEFAULT_CONTEXT_BP,
    batch_size: int | None = None,
    check_ref: CheckRef = "w",
    surveyed: bool = False,
    advance: Callable[[int], None] = lambda count: None,
) -> ScoreSummary:
    """Write every record of a VCF with the scores of its alleles, in order.

    Args:
        path: VCF or BCF; ``-`` is standard input.
        target: file to write, which appears when it is whole.
        reference: the genome.
        model: a model on nucleotide tokens.
        scores: what is computed, names from ``scores.SCORES``.
        context_bp: longest window.
        batch_size: windows in one forward pass; default what suits the device.
        check_ref: what a REF that differs from the reference means (see ``Assessor``); with ``x`` records that have
            such an allele are left out.
        surveyed: REF was compared over the whole file, so that its first part shall not stop the run.
        advance: told the number of records just written.

    Raises:
        InputError: an input that cannot be used, REF that differs too often, a target that exists.
        MachineError: the disk is full.
    """
    summary = ScoreSummary()
    share = {"max_mismatch_share": 1.0} if surveyed else {}
    with VcfReader(path) as reader:
        scorer = VariantScorer(
            reference, model, scores=scores, context_bp=context_bp, batch_size=batch_size,
            contig_lengths=reader.contigs, check_ref=check_ref, **share,
        )  # fmt: skip
        open_target = _open_table if target.format == "t" else _open_vcf
        layout = Layout(columns_of(find_scores(scores)), context_bp)
        with open_target(target, reader.header_lines, layout) as write:
            for record, found in scorer.score(reader, alleles_of):
                left_out = check_ref == "x" and any(s.status is AlleleStatus.REF_MISMATCH for s in found)
                if not left_out:
                    write(record, found)
                summary.add(found, left_out=left_out)
                advance(1)
    summary.notes = [*([] if surveyed else scorer.assessor.notes()), letters_line(reference.counts.values())]
    return summary


@contextmanager
def _open_vcf(target: Target, header_lines: Sequence[str], layout: Layout) -> Iterator[Write]:
    header = with_header_lines(header_lines, [*info_definitions(*layout), *target.provenance])
    with VcfWriter(target.path, header, format=target.format, force=target.force) as writer:
        yield lambda record, scores: writer.write(record.with_info(info_of(scores, layout.columns)))


@contextmanager
def _open_table(target: Target, _: Sequence[str], layout: Layout) -> Iterator[Write]:
    """A table: gzip (BGZF) if the name ends in .gz."""
    with atomic_output(target.path, force=target.force) as stream:
        packed = BgzfWriter(stream) if os.fspath(target.path).lower().endswith(".gz") else None
        sink = packed or stream

        def write_lines(lines: Iterable[str]) -> None:
            for line in lines:
                sink.write(line.encode("utf-8", errors="surrogateescape") + b"\n")

        write_lines([*target.provenance, *table_header(*layout)])
        yield lambda record, scores: write_lines(table_rows(record, scores, layout.columns))
        if packed:
            packed.finish()


def read_scores(path: str | Path) -> Iterator[VariantScore]:
    """The alleles of a VCF that ``score_vcf`` wrote, with their scores, in order; records without scores give none.

    Raises:
        InputError: the file is no VCF, or its scores are malformed; names the line.
    """
    with VcfReader(path) as reader:
        for record in reader:
            try:
                values = parse_info(record.info)
                pairs = list(zip(alleles_of(record), values, strict=True)) if values else []
            except (InputError, ValueError) as error:
                raise InputError(str(error), place=f"{path}:{record.line_number}") from None
            yield from (VariantScore(variant, status, found) for variant, (status, found) in pairs)
