"""Coding sequences of an annotation, GFF3 or GTF, as positions on the genome in reading order.

Rows of type CDS are joined by transcript in the order of the strand, whatever introns lie between. ``phase`` (column 8)
says how many bases of a row belong to the codon that began in the one before (GFF3 specification 1.26): the first
row's bases are skipped by it, and the others must agree with what is joined, or the transcript is left out. That
is how ribosomal frameshifts and partial models show. Of each gene the transcript with the most bases is taken.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from dna_mamba.errors import InputError
from dna_mamba.io.paths import display_name
from dna_mamba.io.text_input import open_text

_COORDINATE = re.compile(r"[0-9]{1,15}", re.ASCII)
_LONGEST_ROW_BP = 2**24
"""A CDS row lies within an exon; the longest known have some 100,000 bases."""
_GTF_ATTRIBUTE = re.compile(r'(\w+) "([^"]*)"')


class CdsRow(NamedTuple):
    """A row of type CDS: 0-based half-open, ``strand`` + or -, ``phase`` bases of it belong to the codon before."""

    chrom: str
    start: int
    end: int
    strand: str
    phase: int


class GffRow(NamedTuple):
    """A row as it stands in the file, its names decoded.

    ``first`` and ``last`` are 1-based inclusive; ``parents`` are what ``Parent`` names, of GTF nothing; ``place`` names
    file and line.
    """

    kind: str
    chrom: str
    first: str
    last: str
    strand: str
    phase: str
    attributes: dict[str, str]
    parents: tuple[str, ...]
    place: str

    def span(self) -> tuple[int, int]:
        """0-based half-open. Raises InputError unless 1 <= start <= end."""
        if not self._is_place():
            what = f"{self.kind} {self.first}-{self.last}"
            raise InputError(what, place=self.place, remedy="a row has 1 <= start <= end")
        return int(self.first) - 1, int(self.last)

    def cds(self) -> "CdsRow":
        """The row as one of type CDS. Raises InputError if strand, phase, places or transcript are not those of one."""
        if not (self._is_place() and self.strand in ("+", "-") and self.phase in ("0", "1", "2")):
            what = f"CDS {self.first}-{self.last} on strand {self.strand!r} with phase {self.phase!r}"
            remedy = "a CDS has 1 <= start <= end, strand + or -, phase 0, 1 or 2"
            raise InputError(what, place=self.place, remedy=remedy)
        row = CdsRow(self.chrom, int(self.first) - 1, int(self.last), self.strand, int(self.phase))
        if not self.transcripts:
            remedy = "name the transcript it is of"
            raise InputError("CDS without Parent or transcript_id", place=self.place, remedy=remedy)
        if row.end - row.start > _LONGEST_ROW_BP:
            what = f"CDS of {row.end - row.start:,} bases"
            raise InputError(what, place=self.place, remedy="correct its start and end")
        return row

    def _is_place(self) -> bool:
        is_number = _COORDINATE.fullmatch(self.first) and _COORDINATE.fullmatch(self.last)
        return bool(is_number) and 1 <= int(self.first) <= int(self.last)

    @property
    def transcripts(self) -> tuple[str, ...]:
        """The transcripts that a CDS or exon is of; its own ID where it names none."""
        own = self.attributes.get("transcript_id") or self.attributes.get("ID")
        return self.parents or ((own,) if own else ())


class CodingSequence(NamedTuple):
    """The codons of one gene: ``positions`` int64 (3 n,), 0-based, in reading order; on ``-`` they fall."""

    gene: str
    chrom: str
    strand: str
    positions: NDArray[np.int64]


class Annotation(NamedTuple):
    """Coding sequences, and how many transcripts were left out, by reason."""

    sequences: list[CodingSequence]
    left_out: Counter[str]


def read_coding(path: str | Path) -> Annotation:
    """One coding sequence a gene from a GFF3 or GTF file (plain, gzip, BGZF, ``-``).

    Raises:
        InputError: the file cannot be read, a CDS row is damaged, or there is none.
    """
    genes, cds_rows = _transcripts(path)
    if not cds_rows:
        raise InputError("has no CDS rows", place=display_name(path), remedy="give a GFF3 or GTF file of genes")
    return coding_of((genes[transcript], rows) for transcript, rows in cds_rows.items())


def coding_of(transcripts: Iterable[tuple[str, Sequence[CdsRow]]]) -> Annotation:
    """Of transcripts, each the name of its gene and its CDS rows, the longest coding sequence of each gene."""
    left_out: Counter[str] = Counter()
    best: dict[str, CodingSequence] = {}
    for gene, rows in transcripts:
        positions = _join(rows)
        if isinstance(positions, str):
            left_out[positions] += 1
        elif gene not in best or len(positions) > len(best[gene].positions):
            left_out["another transcript of its gene is longer"] += gene in best
            best[gene] = CodingSequence(gene, rows[0].chrom, rows[0].strand, positions)
        else:
            left_out["another transcript of its gene is longer"] += 1
    return Annotation(list(best.values()), left_out)


def _transcripts(path: str | Path) -> tuple[dict[str, str], dict[str, list[CdsRow]]]:
    """The gene of each transcript, and its CDS rows."""
    parents: dict[str, str] = {}
    genes: dict[str, str] = {}
    cds_rows: dict[str, list[CdsRow]] = defaultdict(list)
    for row in read_rows(path):
        if "ID" in row.attributes and row.parents:
            parents[row.attributes["ID"]] = row.parents[0]
        if row.kind != "CDS":
            continue
        cds = row.cds()
        for transcript in row.transcripts:
            cds_rows[transcript].append(cds)
            genes.setdefault(transcript, row.attributes.get("gene_id", ""))
    return {name: gene or parents.get(name, name) for name, gene in genes.items()}, cds_rows


def read_rows(path: str | Path, pragma: Callable[[str], None] = lambda line: None) -> Iterator[GffRow]:
    """Every row of a GFF3 or GTF file (plain, gzip, BGZF, ``-``) in order; ``pragma`` is told ``##`` lines.

    Raises:
        InputError: the file cannot be read, or a row has not nine columns; names file and line.
    """
    with open_text(path) as stream:
        for number, raw in enumerate(stream, 1):
            line = raw.decode("utf-8", errors="surrogateescape").rstrip("\r\n")
            if line.startswith("##FASTA"):
                return
            if line.startswith("##"):
                pragma(line)
            if line.strip() and not line.startswith("#"):
                yield _parse(line.split("\t"), f"{display_name(path)}:{number}")


def _parse(columns: list[str], place: str) -> GffRow:
    if len(columns) != 9:
        raise InputError(f"{len(columns)} columns", place=place, remedy="GFF3 and GTF have nine, separated by tabs")
    chrom, _, kind, first, last, _, strand, phase, text = columns
    if '"' in text and (gtf := _GTF_ATTRIBUTE.findall(text)):
        return GffRow(kind, chrom, first, last, strand, phase, dict(gtf), (), place)
    pairs = (part.partition("=") for part in text.split(";"))
    attributes = {decoded(key.strip()): value for key, _, value in pairs if value}
    parents = tuple(decoded(name) for name in attributes.get("Parent", "").split(",") if name)
    plain = {key: decoded(value) for key, value in attributes.items()}
    return GffRow(kind, decoded(chrom), first, last, strand, phase, plain, parents, place)


def decoded(text: str) -> str:
    """GFF3's percent-encoding undone (specification 1.26): ``%2C`` is a comma that separates nothing."""
    return unquote(text, errors="surrogateescape") if "%" in text else text


def _join(rows: Sequence[CdsRow]) -> NDArray[np.int64] | str:
    """Positions in reading order, whole codons only; or why there are none."""
    if len({(row.chrom, row.strand) for row in rows}) > 1:
        return "on several contigs or strands"
    is_reverse = rows[0].strand == "-"
    ordered = sorted(rows, key=lambda row: row.start, reverse=is_reverse)
    if any(_overlap(a, b) for a, b in pairwise(ordered)):
        return "CDS rows overlap"
    skipped, joined = ordered[0].phase, 0
    for row in ordered:
        if (joined - skipped + row.phase) % 3:
            return "phases contradict each other"
        joined += row.end - row.start
    steps = [np.arange(row.start, row.end)[:: -1 if is_reverse else 1] for row in ordered]
    positions = np.concatenate(steps).astype(np.int64)[skipped:]
    return positions[: len(positions) // 3 * 3]


def _overlap(a: CdsRow, b: CdsRow) -> bool:
    return a.start < b.end and b.start < a.end


def shared_positions(sequences: Iterable[CodingSequence], chrom: str, length: int) -> NDArray[np.bool_]:
    """Bool (length,): where codons of more than one gene lie."""
    depth = np.zeros(length, dtype=np.int32)
    for sequence in sequences:
        if sequence.chrom == chrom:
            depth[sequence.positions] += 1
    return depth > 1
