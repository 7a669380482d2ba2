"""Genes of every kind in an annotation: what is transcribed, spliced and translated, where; and repeats.

What a row is called differs: NCBI writes ``tRNA`` in column 3 and ``gene_biotype``, Ensembl ``transcript_biotype``,
GENCODE ``transcript_type``, UCSC's gene tables the end of a transcript's name (``tP(UGG)A_tRNA``). GenBank and EMBL
files give the same facts as features (``genbank_features.py``).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from dna_mamba.genome import Interval
from dna_mamba.io.gff.rows import CdsRow, GffRow, decoded, read_rows

MRNA, TRNA, RRNA, NCRNA, PSEUDOGENE = "mRNA", "tRNA", "rRNA", "other ncRNA", "pseudogene"
REPEAT_ROWS = frozenset({"repeat_region", "mobile_element", "mobile_genetic_element", "long_terminal_repeat", "repeat"})
_CONTIG_ROWS = frozenset({"region", "chromosome", "supercontig", "scaffold", "contig"})
_CHILDREN = frozenset({"CDS", "exon", "stop_codon"})
_BIOTYPES = ("transcript_biotype", "transcript_type", "biotype", "gbkey", "gene_biotype", "gene_type")
_SUFFIX = re.compile(r"_(tRNA|rRNA|snoRNA|snRNA|ncRNA|mRNA|pseudogene)$")
_SEQUENCE_REGION = re.compile(r"##sequence-region\s+(\S+)\s+1\s+(\d+)")
ExonSpan = tuple[int, int]
"""0-based half-open."""


class Transcript(NamedTuple):
    """One transcript: ``kind`` one of the constants above, ``exons`` and ``cds`` ascending, ``cds`` of mRNA alone.

    ``end`` reaches over a stop codon that is annotated apart from the CDS, as GTF has it.
    """

    name: str
    gene: str
    kind: str
    chrom: str
    strand: str
    start: int
    end: int
    exons: tuple[ExonSpan, ...]
    cds: tuple[CdsRow, ...]

    @property
    def introns(self) -> list[ExonSpan]:
        """Between exons, where they do not touch."""
        pairs = zip(self.exons, self.exons[1:], strict=False)
        return [(left[1], right[0]) for left, right in pairs if left[1] < right[0]]


@dataclass
class StatedContig:
    """What an annotation says of a contig: its length, other names, and whether features may pass its end."""

    length: int | None = None
    names: set[str] = field(default_factory=set)
    is_circular: bool = False


class GenomeAnnotation(NamedTuple):
    """An annotation: ``genetic_codes`` counts CDS by the NCBI number that they state."""

    transcripts: list[Transcript]
    repeats: list[Interval]
    contigs: dict[str, StatedContig]
    genetic_codes: Counter[int]


def kind_of(words: Iterable[str], *, is_coding: bool, is_pseudo: bool) -> str:
    """The kind that rows, biotypes and names speak of; ``is_coding`` where there are CDS rows."""
    lower = [word.lower() for word in words if word]
    if is_pseudo or any("pseudogen" in word for word in lower):
        return PSEUDOGENE
    if is_coding:
        return MRNA
    for word in lower:
        if word.endswith("trna"):
            return TRNA
        if word.endswith("rrna"):
            return RRNA
    return MRNA if any(word in ("mrna", "protein_coding") for word in lower) else NCRNA


def read_gff_annotation(path: str | Path) -> GenomeAnnotation:
    """Transcripts and repeats of a GFF3 or GTF file (plain, gzip, BGZF, ``-``).

    Raises:
        InputError: the file cannot be read, or a row that is needed is damaged; names file and line.
    """
    parts = _Parts()
    for row in read_rows(path, parts.add_pragma):
        parts.add(row)
    return GenomeAnnotation(list(parts.transcripts()), parts.repeats, dict(parts.contigs), parts.genetic_codes)


class _Node(NamedTuple):
    """A gene or transcript row; ``words`` say what it is."""

    parent: str
    words: tuple[str, ...]
    is_pseudo: bool
    chrom: str
    strand: str
    span: ExonSpan
    is_rna: bool


class _Parts:
    """Rows by what they belong to, until the file has been read."""

    def __init__(self) -> None:
        self.repeats: list[Interval] = []
        self.contigs: dict[str, StatedContig] = defaultdict(StatedContig)
        self.genetic_codes: Counter[int] = Counter()
        self._nodes: dict[str, _Node] = {}
        self._exons: dict[str, list[ExonSpan]] = defaultdict(list)
        self._cds: dict[str, list[CdsRow]] = defaultdict(list)
        self._stops: dict[str, list[ExonSpan]] = defaultdict(list)
        self._children: dict[str, _Node] = {}
        self._genes: dict[str, str] = {}

    def add_pragma(self, line: str) -> None:
        if match := _SEQUENCE_REGION.match(line):
            self.contigs[decoded(match[1])].length = int(match[2])

    def add(self, row: GffRow) -> None:
        if row.kind in _CONTIG_ROWS and row.attributes.get("gbkey") in (None, "Src"):
            self._add_contig(row)
        elif row.kind in REPEAT_ROWS:
            self.repeats.append(Interval(row.chrom, *row.span()))
        elif row.kind in _CHILDREN:
            self._add_child(row)
        elif (name := row.attributes.get("ID") or _gtf_transcript(row)) and not name.startswith("id-"):
            self._nodes.setdefault(name, _node(row))

    def _add_contig(self, row: GffRow) -> None:
        start, end = row.span()
        if start == 0:
            contig = self.contigs[row.chrom]
            contig.length = max(contig.length or 0, end)
            for key in ("chromosome", "Name", "Alias"):
                contig.names |= set(row.attributes.get(key, "").split(",")) - {""}
            contig.is_circular |= row.attributes.get("Is_circular") == "true"

    def _add_child(self, row: GffRow) -> None:
        held = {"CDS": None, "exon": self._exons, "stop_codon": self._stops}[row.kind]
        cds = row.cds() if held is None else None
        for name in row.transcripts:
            if cds is not None:
                self._cds[name].append(cds)
            elif held is not None:
                held[name].append(row.span())
            if name not in self._children:
                self._children[name] = _node(row)
            if gene := row.attributes.get("gene_id"):
                self._genes[name] = gene
        if cds is not None and (code := row.attributes.get("transl_table", "")).isdigit():
            self.genetic_codes[int(code)] += 1

    def transcripts(self) -> Iterator[Transcript]:
        names = dict.fromkeys([*self._cds, *self._exons, *(name for name, node in self._nodes.items() if node.is_rna)])
        for name in names:
            node = self._nodes.get(name) or self._children[name]
            parent = self._nodes.get(node.parent)
            cds = tuple(sorted(self._cds.get(name, ())))
            exons = sorted(self._exons.get(name, ())) or [(row.start, row.end) for row in cds] or [node.span]
            places = [*exons, *self._stops.get(name, ())]
            above = () if parent is None else parent.words
            child = self._children.get(name)
            pseudo = [item for item in (node, parent, child) if item is not None and item.is_pseudo]
            kind = kind_of(
                (*node.words, *_suffix(name), *above, *(() if child is None else child.words)),
                is_coding=bool(cds),
                is_pseudo=bool(pseudo),
            )
            yield Transcript(
                name,
                self._genes.get(name) or node.parent or name,
                kind,
                node.chrom,
                node.strand,
                min(start for start, _ in places),
                max(end for _, end in places),
                tuple(exons),
                cds if kind == MRNA else (),
            )


def _gtf_transcript(row: GffRow) -> str:
    return row.attributes.get("transcript_id", "") if row.kind == "transcript" else ""


def _suffix(name: str) -> tuple[str, ...]:
    match = _SUFFIX.search(name)
    return (match[1],) if match else ()


def _node(row: GffRow) -> _Node:
    attributes = row.attributes
    return _Node(
        parent=row.parents[0] if row.parents and row.kind not in _CHILDREN else "",
        words=(*(() if row.kind in _CHILDREN else (row.kind,)), *(attributes.get(key, "") for key in _BIOTYPES)),
        is_pseudo=attributes.get("pseudo") == "true" or "pseudogene" in attributes,
        chrom=row.chrom,
        strand=row.strand,
        span=row.span(),
        is_rna=row.kind == "transcript" or row.kind.endswith("RNA"),
    )
