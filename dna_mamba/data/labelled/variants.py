"""Variants with labels: a VCF or BCF whose INFO holds them, or a table with chrom, pos, ref and alt."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dna_mamba.alphabet import Codes
from dna_mamba.data.labelled.dataset import Labelled, LabelTask, content_sha256, refuse_repeated
from dna_mamba.data.labelled.genome_windows import column_named, position
from dna_mamba.data.labelled.labels import read_labels
from dna_mamba.data.labelled.rows import TextTable, read_rows
from dna_mamba.errors import InputError
from dna_mamba.genome import Variant
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.paths import display_name
from dna_mamba.io.vcf import VcfReader
from dna_mamba.sequences.cached_genome import CachedGenome, allele_bases
from dna_mamba.sequences.contig_names import ContigMap
from dna_mamba.sequences.regions import as_reference
from dna_mamba.sequences.variant_windows import Change, allele_windows, find_change, max_allele_bp

_VCF_NAMES = (".vcf", ".vcf.gz", ".vcf.bgz", ".bcf")
_INFO = "INFO/"


class VariantRow(NamedTuple):
    """An allele of a file, its label and group as text, None where it has none, and where it stands."""

    variant: Variant
    label: str | None
    group: str | None
    place: str


class VariantWindows(Sequence[Any]):
    """Windows with either allele of changes, uint8 (L,) each, N past a contig's ends; cut when asked for."""

    def __init__(self, genome: CachedGenome, changes: Sequence[Change], window_bp: int, *, alternative: bool) -> None:
        self._genome = genome
        self._changes = changes
        self._window_bp = window_bp
        self._alternative = alternative

    def __len__(self) -> int:
        return len(self._changes)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        windows = allele_windows(self._genome, self._changes[index], self._window_bp, padded=True)
        return windows.alt_codes if self._alternative else windows.ref_codes


def read_variants(
    path: str | Path,
    genome: FastaReader | str | Path,
    *,
    window_bp: int,
    label: str = "INFO/CLASS",
    label_table: str | Path | None = None,
    group: str | None = None,
    task: LabelTask | None = None,
    classes: Sequence[str] | None = None,
) -> Labelled:
    """Alleles with labels; each of a record's is a row, called ``chrom:pos:ref:alt``.

    Left out, and noted: alleles without a label, symbolic ones, ``*`` and breakends, and those longer than half a
    window.

    Args:
        path: VCF or BCF, or a table with the columns chrom, pos (1-based), ref and alt.
        genome: open, or FASTA, GenBank or EMBL.
        window_bp: length of the windows, as of ``dna_mamba.sequences.variant_windows``.
        label: key of INFO, with or without ``INFO/``, of one value, or of one an allele; a column, of a table.
        label_table: a table with chrom, pos, ref, alt and the column ``label``, for a VCF without labels.
        group: ``chrom``, a key of INFO or a column of the table: alleles of one group stay together.
        task: what the labels are; None guesses.
        classes: the classes there may be; None takes those there are.

    Raises:
        InputError: no allele has the label; REF is not what the genome has; a contig that the genome lacks; a variant
            that occurs twice; labels that cannot be learnt. Names file and line.
    """
    reader = as_reference(genome)
    source = display_name(path)
    lengths = dict(reader.contigs)
    if str(path).lower().endswith(_VCF_NAMES):
        with VcfReader(path) as records:
            contigs = ContigMap(lengths, records.contigs)
            rows = list(_vcf_rows(records, source, "" if label_table else label.removeprefix(_INFO), group))
    else:
        contigs, rows = ContigMap(lengths), list(_table_rows(read_rows(path), None if label_table else label, group))
    if label_table is not None:
        rows = _with_labels(rows, read_rows(label_table), label)
    kept, left_out = _usable(rows, source, label)
    cached = CachedGenome(reader)
    placed = [(row, _change(row, contigs, cached, window_bp)) for row in kept]
    fitting = [(row, change) for row, change in placed if change.longest <= max_allele_bp(window_bp)]
    left_out["longer than half a window"] += len(placed) - len(fitting)
    return _labelled(fitting, left_out, cached, window_bp, label, source, group is not None, task, classes)


def _labelled(
    rows: Sequence[tuple[VariantRow, Change]],
    left_out: Counter[str],
    genome: CachedGenome,
    window_bp: int,
    label: str,
    source: str,
    grouped: bool,
    task: LabelTask | None,
    classes: Sequence[str] | None,
) -> Labelled:
    places = [row.place for row, _ in rows]
    changes = [change for _, change in rows]
    cells = [row.label or "" for row, _ in rows]
    ids = [f"{row.variant.chrom}:{row.variant.pos}:{row.variant.ref}:{row.variant.alt}" for row, _ in rows]
    refuse_repeated(ids, places)
    labels = read_labels({label: cells}, places, source=source, task=task, classes=classes)
    refs, alts = (VariantWindows(genome, changes, window_bp, alternative=of_alt) for of_alt in (False, True))
    told = [f"{source}: {count:,} alleles left out ({reason})" for reason, count in left_out.items() if count]
    return Labelled(
        task=labels.task,
        ids=ids,
        sequences=refs,
        labels=labels.labels,
        names=labels.names,
        source=source,
        sha256=content_sha256(ids, cells, refs, alts),
        groups=[row.group or "" for row, _ in rows] if grouped else None,
        chroms=[change.chrom for change in changes],
        alternatives=alts,
        places=tuple(places),
        notes=(*labels.notes, *told),
    )


def _vcf_rows(records: VcfReader, source: str, key: str, group: str | None) -> Iterator[VariantRow]:
    for record in records:
        place = f"{source}:{record.line_number}"
        info = dict(entry.partition("=")[::2] for entry in record.info.split(";"))
        group_key = (group or "").removeprefix(_INFO)
        of_group = record.chrom if group == "chrom" else info.get(group_key)
        if group is not None and of_group is None:
            raise InputError(f"no INFO/{group_key}", place=place, remedy="choose another --group, or fill it in")
        values = info[key].split(",") if key in info else [None] * len(record.alts)
        if len(values) == 1:
            values *= len(record.alts)
        if len(values) != len(record.alts):
            what = f"INFO/{key} has {len(values)} values for {len(record.alts)} alleles"
            raise InputError(what, place=place, remedy="give one, or one an allele")
        for alt, value in zip(record.alts, values, strict=True):
            yield VariantRow(Variant(record.chrom, record.pos, record.ref, alt), value, of_group, place)


def _table_rows(table: TextTable, label: str | None, group: str | None) -> Iterator[VariantRow]:
    fixed = [column_named(table, name) for name in ("chrom", "pos", "ref", "alt")]
    labels: Sequence[str | None] = [None] * len(table) if label is None else table.column(label, "--label")
    groups: Sequence[str | None] = [None] * len(table)
    if group is not None:
        groups = fixed[0] if group == "chrom" else table.column(group, "--group")
    for chrom, pos, ref, alt, value, of_group, place in zip(*fixed, labels, groups, table.places, strict=True):
        yield VariantRow(Variant(chrom, position(pos, place), ref, alt), value, of_group, place)


def _with_labels(rows: list[VariantRow], table: TextTable, label: str) -> list[VariantRow]:
    """The rows with the labels that a table gives their variants. Raises InputError for two labels of one."""
    known: dict[Variant, str] = {}
    for row in _table_rows(table, label, None):
        if known.setdefault(row.variant, row.label or "") != (row.label or ""):
            raise InputError(f"{row.variant} has another label above", place=row.place, remedy="give each variant one")
    return [row._replace(label=known.get(row.variant)) for row in rows]


def _usable(rows: list[VariantRow], source: str, label: str) -> tuple[list[VariantRow], Counter[str]]:
    """Rows with a label whose alleles are letters, and how many others there are, by reason."""
    left_out: Counter[str] = Counter()
    kept = []
    for row in rows:
        if row.label is None:
            left_out[f"no {label}"] += 1
        elif not row.variant.alt.isalpha():
            left_out["symbolic or missing alleles"] += 1
        else:
            kept.append(row)
    if not kept:
        told = ", ".join(f"{count} {reason}" for reason, count in left_out.items()) or "no alleles"
        raise InputError(f"no allele can be learnt from: {told}", place=source, remedy="choose another --label")
    return kept, left_out


def _change(row: VariantRow, contigs: ContigMap, genome: CachedGenome, window_bp: int) -> Change:
    variant = row.variant
    chrom = contigs.find(variant.chrom)
    if chrom is None:
        raise InputError(f"the genome has no contig {variant.chrom!r}", place=row.place, remedy="give its own genome")
    ref, alt = (_bases(letters, row.place) for letters in (variant.ref, variant.alt))
    there = genome.bases(chrom, variant.start, variant.end)
    if len(there) != len(ref) or not np.array_equal(there, ref):
        what = f"REF {variant.ref[:20]!r} is not what the genome has at {chrom}:{variant.pos}"
        raise InputError(what, place=row.place, remedy="give the genome that the file was made for")
    return find_change(genome, chrom, variant.start, ref, alt, max_allele_bp(window_bp))


def _bases(letters: str, place: str) -> Codes:
    try:
        return allele_bases(letters)
    except InputError as error:
        raise InputError(f"allele {letters[:20]!r}: {error.what}", place=place, remedy="give DNA letters") from None
