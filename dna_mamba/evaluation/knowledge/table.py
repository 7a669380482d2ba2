"""The report as one Markdown table, as a model card holds it."""

import math
from collections.abc import Iterator
from typing import NamedTuple

from dna_mamba.evaluation.consequences import MARKOV_FLANK_BP, ConsequenceReport
from dna_mamba.evaluation.consequences import MODEL as SCORE
from dna_mamba.evaluation.discrimination import Auroc
from dna_mamba.evaluation.knowledge.bits import MODEL, KindBits
from dna_mamba.evaluation.knowledge.intervals import Measured
from dna_mamba.evaluation.knowledge.motifs.gain import MotifGain
from dna_mamba.evaluation.knowledge.probes import ProbeResult
from dna_mamba.evaluation.knowledge.report import KnowledgeReport

_HEAD = ("asked", "of", "n", "model", "beside it", "model ahead by")
_WITHIN = ("overall", "same type and codon position")
_MARKOV = f"Markov {MARKOV_FLANK_BP}+{MARKOV_FLANK_BP} LLR"


class TableRow(NamedTuple):
    """One line of the table, as text."""

    asked: str
    of: str
    n: str
    model: str
    beside: str
    ahead: str


def markdown_table(report: KnowledgeReport) -> str:
    """Every answer in one table; 95 % intervals in brackets."""
    rows = [_HEAD, ("---", "---", "--:", "---", "---", "---"), *table_rows(report)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def table_rows(report: KnowledgeReport) -> Iterator[TableRow]:
    """The lines: bits by kind, consequences, motifs, probes."""
    yield from (_of_kind(row) for row in report.kinds)
    if report.consequences is not None:
        yield from _of_consequences(report.consequences)
    yield from (_of_motif(row) for row in report.motifs)
    yield from (_of_probe(row) for row in report.probes)


def _of_kind(row: KindBits) -> TableRow:
    beside = "; ".join(f"{name} {value.value:.3f}" for name, value in row.baselines.items())
    n = f"{row.n_sites:,} of {row.n_bases:,}"
    return TableRow("bits a base", row.kind, n, _text(row.model), beside, _signed(row.ahead))


def _of_consequences(report: ConsequenceReport) -> Iterator[TableRow]:
    scored = report.facts["scored"]
    for comparison, tables in report.auroc.items():
        for within in _WITHIN:
            model, markov = tables[within][SCORE], tables[within][_MARKOV]
            if not math.isnan(model.value):
                n = f"{scored[comparison.split()[0]]:,} and {scored['synonymous']:,}"
                ahead = f"{model.value - markov.value:+.3f}"
                asked = "AUROC" if within == "overall" else f"AUROC, {within}"
                yield TableRow(asked, comparison, n, _text(model), f"{_MARKOV} {_text(markov)}", ahead)


def _of_motif(row: MotifGain) -> TableRow:
    n = f"{row.n_places:,} and {row.n_controls:,}"
    beside = f"elsewhere {_text(row.at_control)}"
    return TableRow("bits a position over Markov", row.name, n, _text(row.at_motif), beside, _signed(row.difference))


def _of_probe(row: ProbeResult) -> TableRow:
    others = [f"{name} {value.value:.3f}" for name, value in row.accuracy.items() if name != MODEL]
    beside = "; ".join([*others, f"chance {row.chance:.3f}"])
    return TableRow(
        "balanced accuracy of a linear probe",
        row.name,
        f"{row.n_sites:,}",
        _text(row.accuracy[MODEL]),
        beside,
        _signed(row.ahead),
    )


def _text(estimate: Measured | Auroc) -> str:
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"


def _signed(estimate: Measured) -> str:
    return f"{estimate.value:+.3f} ({estimate.low:+.3f} to {estimate.high:+.3f})"
