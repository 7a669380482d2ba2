"""What the decoder of genes is told."""

from typing import NamedTuple


class DecoderOptions(NamedTuple):
    """How genes are read off a head's answers.

    Attributes:
        genetic_code: NCBI's number.
        evidence_weight: of the head's log-odds of a base; below 1, because its errors at neighbouring bases are not
            independent. Chosen on the held-out tenth of E. coli.
        shortest_bp: of a CDS, stop codon included.
        overlap_bp: of neighbouring genes at most, where nothing is spliced.
        gene_nats: the price of a gene.
        start_weight: how much the share of a start codon counts.
        shortest_intron_bp: where genes are spliced.
        intron_nats: the price of an intron.
        gc_donor_nats: what GC costs in place of GT, of which there is one in 200 introns (Burset et al. 2000, Nucleic
            Acids Res. 28:4364).
        potential_weight: of the coding potential that is learnt of the genome. This and the next were chosen on the
            first 1.2 Mbp of E. coli and M. tuberculosis, without a head.
        open_nats: what a base of an open reading frame earns beside it, so that genes unlike the others are found too.
    """

    genetic_code: int = 11
    evidence_weight: float = 0.25
    shortest_bp: int = 90
    overlap_bp: int = 60
    gene_nats: float = 8.0
    start_weight: float = 1.0
    shortest_intron_bp: int = 40
    intron_nats: float = 8.0
    gc_donor_nats: float = 5.0
    potential_weight: float = 0.6
    open_nats: float = 0.04
