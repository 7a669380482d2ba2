"""What gffread asks of GFF3, checked on the text itself and by Biopython's codes, without this package's readers."""

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote

from Bio.Seq import Seq


class CheckedGene(NamedTuple):
    """A gene of a file: 0-based half-open, its CDS spans ascending, its protein without the stop."""

    chrom: str
    strand: str
    spans: tuple[tuple[int, int], ...]
    protein: str


class _Line(NamedTuple):
    chrom: str
    kind: str
    start: int
    end: int
    strand: str
    phase: str
    own: str
    parent: str


def checked_genes(lines: list[str], contigs: Mapping[str, str], table: int) -> list[CheckedGene]:
    """The genes of a file of whole genes; fails where its rows, their order, phases or codons are wrong."""
    assert lines[0] == "##gff-version 3"
    regions = [line.split(" ") for line in lines[1:] if line.startswith("##sequence-region ")]
    assert [(unquote(name), first, last) for _, name, first, last in regions] == [
        (name, "1", str(len(letters))) for name, letters in contigs.items() if letters
    ]
    rows = [_line(line) for line in lines if not line.startswith("#")]
    order = list(contigs)
    places = [(order.index(row.chrom), row.start) for row in rows if row.kind == "gene"]
    assert places == sorted(places)
    assert all(1 <= row.start <= row.end <= len(contigs[row.chrom]) for row in rows)
    whole = {row.own: row for row in rows if row.kind != "CDS"}
    assert len(whole) == sum(row.kind != "CDS" for row in rows)
    children: dict[tuple[str, str], list[_Line]] = defaultdict(list)
    seen: set[str] = set()
    for row in rows:
        above = whole.get(row.parent)
        assert (row.kind == "gene") == (above is None) and (above is None or row.parent in seen)
        if above is not None:
            assert (above.chrom, above.strand) == (row.chrom, row.strand)
            assert above.start <= row.start and row.end <= above.end
            children[row.parent, row.kind].append(row)
        seen.add(row.own)
    return [
        _gene(mrna, children[mrna.own, "exon"], children[mrna.own, "CDS"], contigs, table)
        for gene in rows
        if gene.kind == "gene"
        for mrna in children[gene.own, "mRNA"]
    ]


def _line(text: str) -> _Line:
    chrom, source, kind, start, end, score, strand, phase, attributes = text.split("\t")
    assert source and kind in ("gene", "mRNA", "exon", "CDS") and strand in "+-" and float(score) > 0
    assert (phase in ("0", "1", "2")) if kind == "CDS" else phase == "."
    named = dict(part.split("=") for part in attributes.split(";"))
    return _Line(unquote(chrom), kind, int(start), int(end), strand, phase, named["ID"], named.get("Parent", ""))


def _gene(
    mrna: _Line, exons: list[_Line], cds: list[_Line], contigs: Mapping[str, str], table: int
) -> CheckedGene:
    """Codons are read off the rows by their phases alone, as a reader does that has no other rows."""
    spans = tuple((row.start - 1, row.end) for row in cds)
    assert spans == tuple((row.start - 1, row.end) for row in exons) and list(spans) == sorted(spans)
    assert (spans[0][0] + 1, spans[-1][1]) == (mrna.start, mrna.end) and len({row.own for row in cds}) == 1
    read = ""
    for row in cds if mrna.strand == "+" else cds[::-1]:
        assert (len(read) + int(row.phase)) % 3 == 0
        letters = Seq(contigs[row.chrom][row.start - 1 : row.end])
        read += str(letters if mrna.strand == "+" else letters.reverse_complement())
    protein = str(Seq(read).translate(table=table, cds=True))  # raises unless start, whole codons and one stop
    return CheckedGene(mrna.chrom, mrna.strand, spans, protein)
