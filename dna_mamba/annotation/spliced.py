"""Genes with introns: the best set of genes by dynamic programming over starts, stops and splice sites.

A path is between genes, in an exon of one of three frames, or in an intron that interrupts a codon after 0, 1 or 2
bases, on either strand. Only start codons open genes, only stop codons end them, no other stop stands in a frame, not
even one that an intron interrupts, and introns are GT-AG or GC-AG. Genes do not overlap. Of the paths into one state
the best is kept; what is too short is refused when it would end.
"""

from collections import deque
from collections.abc import Sequence
from heapq import merge
from typing import Any, NamedTuple

from dna_mamba.alphabet import Codes
from dna_mamba.annotation.codons import CodonSignals, codon_signals
from dna_mamba.annotation.evidence import ClassLogProbabilities, evidence_of
from dna_mamba.annotation.options import DecoderOptions
from dna_mamba.annotation.splice_events import CLOSE, ENTER, LEAVE, OPEN, STOP, Event, splice_events
from dna_mamba.annotation.statistics.genome import GenomeStatistics
from dna_mamba.io.gff.writer import PredictedGene

CODON_BP = 3


class _Open(NamedTuple):
    """A gene that has begun: ``nats`` of everything so far, less the sum of evidence where its exon began.

    ``edges`` are linked offsets (last, before), ``cds_bp`` of the exons before this one, ``since`` its own beginning;
    ``base`` are the genes before it with their total.
    """

    nats: float
    edges: tuple[int, Any]
    cds_bp: int
    since: int
    base: "_Done"


class _Done(NamedTuple):
    """The best set of genes until some offset: its total and the last gene, linked to those before."""

    nats: float
    last: Any


def spliced_genes(
    chrom: str,
    bases: Codes,
    log_p_LK: ClassLogProbabilities,
    names: Sequence[str],
    options: DecoderOptions,
    statistics: GenomeStatistics | None = None,
) -> list[PredictedGene]:
    """As ``decode.decode_genes``, for a head that has classes for introns."""
    signals = codon_signals(options.genetic_code)
    reverse = evidence_of(bases, log_p_LK, names, "-", options, statistics).turned()
    evidence = (evidence_of(bases, log_p_LK, names, "+", options, statistics), reverse)
    done = [_Done(0.0, None)]
    strands = [_Strand(strand, done, signals, options) for strand in range(2)]
    blocks = zip(*(splice_events(evidence[i], signals, options, i) for i in range(2)), strict=True)
    for block in blocks:
        for event in merge(*block, key=lambda event: event[:2]):
            strands[event.strand].take(event)
    return _genes(chrom, done[0])


def _genes(chrom: str, done: _Done) -> list[PredictedGene]:
    genes = []
    link = done.last
    while link is not None:
        edges, strand, nats, link = link
        offsets = []
        while edges is not None:
            offset, edges = edges
            offsets.append(offset)
        offsets.reverse()
        spans = tuple(zip(offsets[::2], offsets[1::2], strict=True))
        genes.append(PredictedGene(chrom, "+-"[strand], spans, nats))
    return genes[::-1]


class _Strand:
    """The open genes of one strand, and what events do to them; ``done`` is shared by both strands."""

    def __init__(self, strand: int, done: list[_Done], signals: CodonSignals, options: DecoderOptions) -> None:
        self._strand, self._done, self._options = strand, done, options
        self._exons: list[_Open | None] = [None, None, None]
        self._begun: list[_Open | None] = [None, None, None]
        self._waiting: list[deque[tuple[int, frozenset[int], _Open]]] = [deque() for _ in range(3)]
        self._introns: list[dict[frozenset[int], _Open]] = [{} for _ in range(3)]
        self._stops = _stop_bases(signals, is_reverse=bool(strand))
        self._take = {STOP: self._stop, CLOSE: self._close, LEAVE: self._leave, ENTER: self._enter, OPEN: self._open}

    def take(self, event: Event) -> None:
        """Follow every path through an event."""
        self._take[event.kind](event)

    def _stop(self, event: Event) -> None:
        """Of the + strand a gene ends; of the - strand the one that began with this codon has it behind it."""
        if self._strand:
            self._exons[event.frame], self._begun[event.frame] = self._begun[event.frame], None
        else:
            self._close(event)
            self._exons[event.frame] = None

    def _close(self, event: Event) -> None:
        gene = self._exons[event.frame]
        if gene is None or gene.cds_bp + event.at - gene.since < self._options.shortest_bp:
            return
        total = gene.nats + event.coding[0] + event.nats * self._options.start_weight
        if total > self._done[0].nats:
            link = ((event.at, gene.edges), self._strand, total - gene.base.nats, gene.base.last)
            self._done[0] = _Done(total, link)

    def _open(self, event: Event) -> None:
        base = self._done[0]
        nats = base.nats - event.coding[0] - self._options.gene_nats + event.nats * self._options.start_weight
        gene = _Open(nats, (event.at, None), 0, event.at, base)
        if self._strand:
            self._begun[event.frame] = gene
        else:
            self._keep(event.frame, gene)

    def _keep(self, frame: int, gene: _Open) -> None:
        known = self._exons[frame]
        if known is None or gene.nats > known.nats:
            self._exons[frame] = gene

    def _leave(self, event: Event) -> None:
        for frame, gene in enumerate(self._exons):
            if gene is None or event.at < gene.since + (1 if gene.cds_bp else CODON_BP):
                continue  # the first exon has the whole of its start or stop codon
            carried = (event.at - frame) % 3
            nats = gene.nats + event.coding[frame] - event.intron + event.nats - self._options.intron_nats
            left = _Open(nats, (event.at, gene.edges), gene.cds_bp + event.at - gene.since, event.at, gene.base)
            forbidden = self._forbidden(event.beside, carried)
            self._waiting[carried].append((event.at, forbidden, left))

    def _enter(self, event: Event) -> None:
        waiting, introns = self._waiting[event.carried], self._introns[event.carried]
        while waiting and waiting[0][0] + self._options.shortest_intron_bp <= event.begins:
            _, forbidden, left = waiting.popleft()
            known = introns.get(forbidden)
            if known is None or left.nats > known.nats:
                introns[forbidden] = left
        for forbidden, left in introns.items():
            if event.beside not in forbidden:
                nats = left.nats + event.intron - event.coding[0] + event.nats
                self._keep(
                    event.frame, _Open(nats, (event.begins, left.edges), left.cds_bp, event.begins, left.base)
                )

    def _forbidden(self, preceding: int, carried: int) -> frozenset[int]:
        """What must not follow the intron, lest the interrupted codon be a stop."""
        if carried == 0:
            return frozenset()
        return self._stops.get(preceding if carried == 2 else (preceding % 5,), frozenset())


def _stop_bases(signals: CodonSignals, *, is_reverse: bool) -> dict[int | tuple[int], frozenset[int]]:
    """Bases that make a stop codon of one base (key: it, in a tuple) or two (their number to base 5) before them."""
    stops = [(a, b, c) for a in range(4) for b in range(4) for c in range(4) if signals.is_stop[16 * a + 4 * b + c]]
    if is_reverse:
        stops = [(3 - c, 3 - b, 3 - a) for a, b, c in stops]
    found: dict[int | tuple[int], set[int]] = {}
    for a, b, c in stops:
        found.setdefault((a,), set()).add(5 * b + c)
        found.setdefault(5 * a + b, set()).add(c)
    return {key: frozenset(bases) for key, bases in found.items()}
