"""From records to the lines of an output, with what was counted on the way."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

from dna_mamba.io.vcf import VcfRecord
from dna_mamba.runs.counts import Advance
from dna_mamba.scoring.variant_files.summary import ScoreSummary
from dna_mamba.scoring.variant_files.survey import alleles_of
from dna_mamba.scoring.variant_files.target import Kind, Layout
from dna_mamba.scoring.variants.scorer import VariantScorer
from dna_mamba.scoring.variants.status import AlleleStatus


@dataclass(frozen=True)
class ScoredLines:
    """Scores records and spells them.

    Args:
        scorer: scores their alleles.
        layout: how scores are spelled.
        kind: what a line is.
        drops_mismatches: leave records out that have an allele of status REF_MISMATCH.
        advance: told the number of records just done.
    """

    scorer: VariantScorer
    layout: Layout
    kind: Kind
    drops_mismatches: bool
    advance: Advance

    def of(self, records: Iterable[VcfRecord], summary: ScoreSummary) -> Iterator[str]:
        """What becomes of records, counted in ``summary``; batches reach over none but these."""
        for record, found in self.scorer.score(records, alleles_of):
            left_out = self.drops_mismatches and any(s.status is AlleleStatus.REF_MISMATCH for s in found)
            summary.add(found, left_out=left_out)
            if not left_out:
                yield from self.layout.lines_of(self.kind, record, found)
            self.advance(1)


def in_blocks(records: Iterator[VcfRecord], size: int) -> Iterator[Iterator[VcfRecord]]:
    """Stretches of ``size`` records, each to be used up before the next is taken."""
    while (first := next(records, None)) is not None:
        yield chain([first], islice(records, size - 1))
