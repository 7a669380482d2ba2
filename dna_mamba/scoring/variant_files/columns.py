"""How scores are spelled in a VCF's INFO and in a table."""

from collections.abc import Sequence

from dna_mamba.errors import InputError
from dna_mamba.io.vcf import VcfRecord
from dna_mamba.runs.table_lines import MISSING, format_number
from dna_mamba.scoring.variants.scores import SCORES, Column, columns_of
from dna_mamba.scoring.variants.scores.head import COLUMN_PREFIX, KEY_PREFIX
from dna_mamba.scoring.variants.status import AlleleStatus, VariantScore

STATUS = "DM_STATUS"
TABLE_COLUMNS = ("chrom", "pos", "ref", "alt", "id", "status")
_MEANINGS: dict[AlleleStatus, str] = {
    AlleleStatus.OK: "scored",
    AlleleStatus.EDGE_PADDED: "scored, window cut short by the end of the contig",
    AlleleStatus.N_WINDOW: "over a tenth of the window is N or ambiguous, no score where REF or ALT is",
    AlleleStatus.REF_MISMATCH: "REF differs from the reference",
    AlleleStatus.NO_CONTIG: "contig not in the reference",
    AlleleStatus.SYMBOLIC: "symbolic allele, breakend, or no sequence",
    AlleleStatus.STAR: "upstream deletion",
    AlleleStatus.TOO_LONG: "takes more than half of the window, all its placements covered",
}


def describe(column: Column, context_bp: int) -> str:
    """What the numbers of a column are: formula, unit, sign and range, and the window they were read from."""
    return f"{column.description}; window of up to {column.window_bp or context_bp} bp around the change"


def describe_status() -> str:
    """Every status and what it says."""
    return "; ".join(f"{status}: {meaning}" for status, meaning in _MEANINGS.items())


def info_definitions(columns: Sequence[Column], context_bp: int) -> list[str]:
    """Header lines that define the INFO keys."""
    return [
        *(
            f'##INFO=<ID={column.key},Number=A,Type=Float,Description="{describe(column, context_bp)}">'
            for column in columns
        ),
        f'##INFO=<ID={STATUS},Number=A,Type=String,Description="{describe_status()}">',
    ]


def info_of(scores: Sequence[VariantScore], columns: Sequence[Column]) -> str:
    """INFO entries of a record: one value for each ALT, in their order; nothing for a record without ALT."""
    if not scores:
        return ""
    entries = [
        f"{column.key}={','.join(format_number(score.values.get(column.name)) for score in scores)}"
        for column in columns
    ]
    return ";".join([*entries, f"{STATUS}={','.join(score.status for score in scores)}"])


def table_header(columns: Sequence[Column], context_bp: int) -> list[str]:
    """What the columns are, as ``##`` lines, and their names."""
    return [
        "##pos: 1-based; one row for each ALT, and one with alt . for a record that has none",
        f"##status: {describe_status()}",
        *(f"##{column.name}: {describe(column, context_bp)}" for column in columns),
        "#" + "\t".join([*TABLE_COLUMNS, *(column.name for column in columns)]),
    ]


def table_rows(record: VcfRecord, scores: Sequence[VariantScore], columns: Sequence[Column]) -> list[str]:
    """Rows of a record, tab-separated: one for each ALT, or one that says there is none."""
    place = f"{record.chrom}\t{record.pos}\t{record.ref}"
    if not scores:
        return ["\t".join([place, MISSING, record.id, MISSING, *(MISSING for _ in columns)])]
    return [
        "\t".join([place, s.variant.alt, record.id, s.status, *(format_number(s.values.get(c.name)) for c in columns)])
        for s in scores
    ]


def parse_info(info: str) -> list[tuple[AlleleStatus, dict[str, float]]]:
    """Status and numbers by column name of each ALT from an INFO column that ``info_of`` wrote; nothing where none are.

    Raises:
        InputError: the entries do not belong together or hold no numbers.
    """
    entries = dict(entry.partition("=")[::2] for entry in info.split(";"))
    columns = [column for column in columns_of(tuple(SCORES.values())) if column.key in entries]
    heads = [key for key in entries if key.startswith(KEY_PREFIX)]
    columns += [Column(COLUMN_PREFIX + key.removeprefix(KEY_PREFIX), key, "") for key in heads]
    if STATUS not in entries and not columns:
        return []
    statuses = entries.get(STATUS, "").split(",")
    try:
        values = [{} for _ in statuses]  # type: list[dict[str, float]]
        for column in columns:
            for found, text in zip(values, entries[column.key].split(","), strict=True):
                if text != MISSING:
                    found[column.name] = float(text)
        return [(AlleleStatus(status), found) for status, found in zip(statuses, values, strict=True)]
    except ValueError:
        what = f"the scores do not go with {STATUS}={','.join(statuses)[:80]}"
        raise InputError(what, remedy="score the file again") from None
