"""How scores are spelled in a VCF's INFO and in a table."""

from collections.abc import Mapping, Sequence

import numpy as np

from dna_mamba.errors import InputError
from dna_mamba.io.vcf import VcfRecord
from dna_mamba.scoring.alleles import AlleleStatus, VariantScore
from dna_mamba.scoring.windows import flank_bp

LLR, STATUS = "DM_LLR", "DM_STATUS"
MISSING = "."
TABLE_COLUMNS = ("chrom", "pos", "ref", "alt", "id", "status", "llr")
_MEANINGS: dict[AlleleStatus, str] = {
    AlleleStatus.OK: "scored",
    AlleleStatus.EDGE_PADDED: "scored, window cut short by the end of the contig",
    AlleleStatus.N_WINDOW: "over a tenth of the window is N or ambiguous, no score where REF is",
    AlleleStatus.REF_MISMATCH: "REF differs from the reference",
    AlleleStatus.NO_CONTIG: "contig not in the reference",
    AlleleStatus.SYMBOLIC: "symbolic allele or breakend",
    AlleleStatus.STAR: "upstream deletion",
    AlleleStatus.UNSUPPORTED: "no single-base substitution",
    AlleleStatus.TOO_LONG: "longer than the window",
}


def describe_llr(context_bp: int) -> str:
    """What the number is: unit, sign, range and how it came about."""
    window_bp = 2 * flank_bp(context_bp) + 1
    return (
        f"Masked log-likelihood ratio ln p(ALT) - ln p(REF) in nats, site masked in a window of {window_bp} bp centred "
        "on it, both strands joined; below 0: ALT less likely than REF; any real number"
    )


def describe_status() -> str:
    """Every status and what it says."""
    return "; ".join(f"{status}: {meaning}" for status, meaning in _MEANINGS.items())


def info_definitions(context_bp: int) -> list[str]:
    """Header lines that define the INFO keys."""
    return [
        f'##INFO=<ID={LLR},Number=A,Type=Float,Description="{describe_llr(context_bp)}">',
        f'##INFO=<ID={STATUS},Number=A,Type=String,Description="{describe_status()}">',
    ]


def provenance_lines(version: str, command: str, fingerprints: Mapping[str, str]) -> list[str]:
    """Header lines that say which program, command, weights and reference made the scores."""
    details = "; ".join([" ".join(command.split()), *(f"{name}={value}" for name, value in fingerprints.items())])
    return [f"##dna-mamba_scoreVersion={version}", f"##dna-mamba_scoreCommand={details}"]


def format_llr(llr: float | None) -> str:
    """Nine significant digits, which tell any two float32 apart; ``.`` for none."""
    return MISSING if llr is None else f"{np.float32(llr):.9g}"


def info_of(scores: Sequence[VariantScore]) -> str:
    """INFO entries of a record: one value for each ALT, in their order; nothing for a record without ALT."""
    if not scores:
        return ""
    llrs = ",".join(format_llr(score.llr) for score in scores)
    return f"{LLR}={llrs};{STATUS}={','.join(score.status for score in scores)}"


def table_header(context_bp: int) -> list[str]:
    """What the columns are, as ``##`` lines, and their names."""
    return [
        "##pos: 1-based; one row for each ALT, and one with alt . for a record that has none",
        f"##status: {describe_status()}",
        f"##llr: {describe_llr(context_bp)}",
        "#" + "\t".join(TABLE_COLUMNS),
    ]


def table_rows(record: VcfRecord, scores: Sequence[VariantScore]) -> list[str]:
    """Rows of a record, tab-separated: one for each ALT, or one that says there is none."""
    place = f"{record.chrom}\t{record.pos}\t{record.ref}"
    if not scores:
        return [f"{place}\t{MISSING}\t{record.id}\t{MISSING}\t{MISSING}"]
    return [f"{place}\t{s.variant.alt}\t{record.id}\t{s.status}\t{format_llr(s.llr)}" for s in scores]


def parse_info(info: str) -> list[tuple[AlleleStatus, float | None]]:
    """Status and score of each ALT from an INFO column that ``info_of`` wrote; nothing where there are none.

    Raises:
        InputError: the entries do not belong together or hold no numbers.
    """
    entries = dict(entry.partition("=")[::2] for entry in info.split(";"))
    if LLR not in entries and STATUS not in entries:
        return []
    llrs, statuses = (entries.get(key, "").split(",") for key in (LLR, STATUS))
    try:
        return [
            (AlleleStatus(status), None if llr == MISSING else float(llr))
            for llr, status in zip(llrs, statuses, strict=True)
        ]
    except ValueError:
        what = f"{LLR}={','.join(llrs)[:80]} does not go with {STATUS}={','.join(statuses)[:80]}"
        raise InputError(what, remedy="score the file again") from None
