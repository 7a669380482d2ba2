"""Genes of GenBank and EMBL flat files, with or without the sequence, as ``transcripts.py`` gives those of GFF3."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.io.compression import open_input
from dna_mamba.io.genbank import flat_file_features, flat_format_of
from dna_mamba.io.gff.rows import CdsRow
from dna_mamba.io.gff.transcripts import (
    REPEAT_ROWS,
    ExonSpan,
    GenomeAnnotation,
    StatedContig,
    Transcript,
    kind_of,
    read_gff_annotation,
)
from dna_mamba.io.paths import display_name

_RNA_FEATURES = ("mRNA", "tRNA", "rRNA", "tmRNA", "ncRNA", "misc_RNA", "precursor_RNA")
_GENE_NAMES = ("locus_tag", "gene", "protein_id")


def read_annotation(path: str | Path) -> GenomeAnnotation:
    """Transcripts and repeats of a GFF3, GTF, GenBank or EMBL file, told apart by content.

    Raises:
        InputError: the file cannot be read or is damaged; names file and line.
    """
    place = display_name(path)
    with open_input(path) as stream:
        flat_format = flat_format_of(stream)
        if flat_format is not None:
            return _from_records(flat_file_features(stream, flat_format, place), place)
    return read_gff_annotation(path)


def _from_records(records: Iterator[tuple[str, int, Any]], place: str) -> GenomeAnnotation:
    transcripts: list[Transcript] = []
    repeats: list[Interval] = []
    contigs: dict[str, StatedContig] = {}
    genetic_codes: Counter[int] = Counter()
    for name, length, record in records:
        is_circular = record.annotations.get("topology") == "circular"
        contigs[name] = StatedContig(length, _names(record), is_circular)
        for number, feature in enumerate(record.features):
            if feature.location is None:
                continue
            if feature.type in REPEAT_ROWS:
                repeats.append(Interval(name, int(feature.location.start), int(feature.location.end)))
            elif feature.type == "CDS" or feature.type in _RNA_FEATURES:
                transcripts += _transcript(feature, name, number, place)
            if feature.type == "CDS":
                genetic_codes[int(_first(feature, "transl_table") or 1)] += "transl_table" in feature.qualifiers
    return GenomeAnnotation(transcripts, repeats, contigs, +genetic_codes)


def _transcript(feature: Any, chrom: str, number: int, place: str) -> list[Transcript]:
    """One, or none where the parts lie on both strands, on other records, or over the origin of a circular one."""
    strand = {1: "+", -1: "-"}.get(feature.location.strand)
    starts = [int(part.start) for part in feature.location.parts]
    in_order = starts == sorted(starts, reverse=strand == "-")
    if strand is None or not in_order or any(part.ref for part in feature.location.parts):
        return []
    spans = sorted((int(part.start), int(part.end)) for part in feature.location.parts)
    gene = next((text for key in _GENE_NAMES if (text := _first(feature, key))), "") or f"{chrom}:{spans[0][0] + 1}"
    is_coding = feature.type == "CDS"
    is_pseudo = "pseudo" in feature.qualifiers or "pseudogene" in feature.qualifiers
    kind = kind_of((feature.type,), is_coding=is_coding, is_pseudo=is_pseudo)
    cds = _cds_rows(feature, chrom, strand, spans, place) if is_coding and not is_pseudo else ()
    name = f"{gene}.{number}"
    return [Transcript(name, gene, kind, chrom, strand, spans[0][0], spans[-1][1], tuple(spans), cds)]


def _cds_rows(feature: Any, chrom: str, strand: str, spans: list[ExonSpan], place: str) -> tuple[CdsRow, ...]:
    """Rows ascending, with the phase that each would have in GFF3."""
    first = _first(feature, "codon_start") or "1"
    if first not in ("1", "2", "3"):
        what = f"CDS {spans[0][0] + 1}..{spans[-1][1]} of {chrom!r} with codon_start {first!r}"
        raise InputError(what, place=place, remedy="it is 1, 2 or 3")
    phase, joined = int(first) - 1, 0
    rows = []
    for start, end in spans if strand == "+" else spans[::-1]:
        rows.append(CdsRow(chrom, start, end, strand, (phase - joined) % 3))
        joined += end - start
    return tuple(sorted(rows))


def _names(record: Any) -> set[str]:
    """Other names of a record: without its version, on the LOCUS line, and as a chromosome."""
    sources = [feature for feature in record.features if feature.type == "source"]
    chromosomes = {_first(source, key) for source in sources[:1] for key in ("chromosome", "plasmid")}
    return ({record.name, record.id.partition(".")[0]} | chromosomes) - {""}


def _first(feature: Any, key: str) -> str:
    return str(feature.qualifiers.get(key, [""])[0])
