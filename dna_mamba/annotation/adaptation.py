"""The decoder learns the genome that it reads: from the genes it is sure of, how all of them look.

As self-training gene finders do (GeneMarkS: Besemer et al. 2001; Prodigal: Hyatt et al. 2010), in rounds: genes by the
head alone; genes by what those tell, without the head where it is not needed, so that it can be weighed by genes it had
no part in; then by both together, until they no longer change.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import Codes, reverse_complement_codes
from dna_mamba.annotation.codons import codon_signals
from dna_mamba.annotation.decode import decode_genes
from dna_mamba.annotation.evidence import ClassLogProbabilities, head_sums, potential_sums
from dna_mamba.annotation.labels import columns_of
from dna_mamba.annotation.options import DecoderOptions
from dna_mamba.annotation.statistics.coding_potential import CodingWordCounts, words_of
from dna_mamba.annotation.statistics.genome import GenomeStatistics
from dna_mamba.annotation.statistics.head_weight import StretchSums
from dna_mamba.annotation.statistics.splice_sites import SpliceLetters
from dna_mamba.annotation.statistics.start_sites import StartLetters
from dna_mamba.io.gff.writer import PredictedGene

LEAST_CODING_BP = 30_000
"""Confident genes must have as many bases together, or nothing is learnt from them."""
LEAST_INTRONS = 20
_SURE_BP, _SURE_NATS = 300, 20.0
_ROUNDS = 4


class AnsweredContig(NamedTuple):
    """A contig, or a piece of one: ``bases`` uint8 (L,) without soft-mask bits and ``log_p_LK`` of their classes."""

    chrom: str
    bases: Codes
    log_p_LK: ClassLogProbabilities


class Adaptation(NamedTuple):
    """What was learnt, None where there were too few confident genes, and from how much."""

    statistics: GenomeStatistics | None
    n_genes: int
    coding_bp: int
    n_introns: int

    def described(self) -> str:
        """A line for people."""
        seen = f"{self.n_genes:,} confident genes of {self.coding_bp:,} bp"
        if self.statistics is None:
            return f"not adapted, {seen} are too few: genes are read off the head's answers alone"
        starts, splice = self.statistics.starts, self.statistics.splice
        said = [f"adapted to {seen}", f"weight of the head {self.statistics.head_weight:.3f}"]
        if starts.motif is not None:
            said.append(f"{starts.motif.consensus} before {starts.motif.share:.0%} of starts")
        if self.n_introns:
            kept = "" if splice is not None else ", too few for splice sites"
            said.append(f"{self.n_introns:,} confident introns{kept}")
        return "; ".join(said)


def adapt(contigs: Sequence[AnsweredContig], names: Sequence[str], options: DecoderOptions) -> Adaptation:
    """Learn a genome's statistics from what a head says of it, or of a sample of its contigs.

    Raises:
        InputError: these are not the classes of an annotation, or there is no such genetic code.
    """
    is_spliced = columns_of(names, "+").intron is not None
    found = [decode_genes(*contig, names, options) for contig in contigs]
    result, before = Adaptation(None, 0, 0, 0), None
    for number in range(_ROUNDS):
        has_head = is_spliced or number > 0
        learnt = _learn(contigs, found, names, options, is_spliced=is_spliced, has_head=has_head)
        if learnt.statistics is None:
            return learnt if number == 0 else result
        result = learnt
        places = [[(gene.strand, gene.spans) for gene in genes] for genes in found]
        if places == before or number == _ROUNDS - 1:
            break
        before = places
        found = [decode_genes(*contig, names, options, result.statistics) for contig in contigs]
    return result


def _learn(
    contigs: Sequence[AnsweredContig],
    found: Sequence[Sequence[PredictedGene]],
    names: Sequence[str],
    options: DecoderOptions,
    *,
    is_spliced: bool,
    has_head: bool,
) -> Adaptation:
    sure = [[gene for gene in genes if _is_sure(gene)] for genes in found]
    n_genes, coding_bp = sum(map(len, sure)), sum(_coding_bp(gene) for genes in sure for gene in genes)
    if coding_bp < LEAST_CODING_BP:
        return Adaptation(None, n_genes, coding_bp, 0)
    words, letters, splice = CodingWordCounts(), StartLetters(codon_signals(options.genetic_code)), SpliceLetters()
    for contig, genes in zip(contigs, sure, strict=True):
        for strand, bases in _strands(contig):
            spans = _read_spans(genes, strand, len(bases))
            positions = _positions(spans)
            words.add(words_of(bases), positions)
            letters.add(bases, positions)
            if is_spliced:
                splice.add(bases, [(left[1], right[0]) for own in spans for left, right in pairwise(own)])
    sites = splice.sites() if splice.n_introns >= LEAST_INTRONS else None
    statistics = GenomeStatistics(words.potential(), letters.sites(is_scanned=is_spliced), sites, 0.0)
    if has_head:
        weight = _head_weight(contigs, found, sure, names, options, statistics)
        statistics = statistics._replace(head_weight=weight)
    return Adaptation(statistics, n_genes, coding_bp, splice.n_introns)


def _head_weight(
    contigs: Sequence[AnsweredContig],
    found: Sequence[Sequence[PredictedGene]],
    sure: Sequence[Sequence[PredictedGene]],
    names: Sequence[str],
    options: DecoderOptions,
    statistics: GenomeStatistics,
) -> float:
    sums = StretchSums()
    for contig, genes, own in zip(contigs, found, sure, strict=True):
        is_gene = np.zeros(len(contig.bases), dtype=bool)
        for gene in genes:
            is_gene[gene.start : gene.end] = True
        for strand, bases in _strands(contig):
            head, _ = head_sums(contig.log_p_LK, names, strand)
            potential = potential_sums(bases, statistics, options)
            spans = _read_spans(own, strand, len(bases))
            sums.add(head, potential, _positions(spans), is_gene if strand == "+" else is_gene[::-1])
    return sums.weight(options.evidence_weight)


def _is_sure(gene: PredictedGene) -> bool:
    return _coding_bp(gene) >= _SURE_BP and gene.score >= _SURE_NATS


def _coding_bp(gene: PredictedGene) -> int:
    return sum(end - start for start, end in gene.spans)


def _strands(contig: AnsweredContig) -> list[tuple[str, Codes]]:
    return [("+", contig.bases), ("-", reverse_complement_codes(contig.bases))]


def _read_spans(genes: Sequence[PredictedGene], strand: str, length: int) -> list[list[tuple[int, int]]]:
    """Exons of the genes of a strand in its own direction and coordinates."""
    own = [gene.spans for gene in genes if gene.strand == strand]
    if strand == "+":
        return [list(spans) for spans in own]
    return [[(length - end, length - start) for start, end in reversed(spans)] for spans in own]


def _positions(genes: Sequence[Sequence[tuple[int, int]]]) -> list[NDArray[np.int64]]:
    return [np.concatenate([np.arange(*span) for span in spans]) for spans in genes]
