"""What the decoder of genes is told."""

from typing import NamedTuple


class DecoderOptions(NamedTuple):
    """How genes are read off a head's answers.

    ``genetic_code`` is NCBI's number. ``shortest_bp``: of a CDS, stop codon included. ``overlap_bp``: of neighbouring
    genes at most, where nothing is spliced. ``gene_nats``: the price of a gene. ``start_weight``: how much the share of
    a start codon counts. ``shortest_intron_bp`` and ``intron_nats``, the price of an intron, where genes
    are spliced; ``gc_donor_nats``: what GC costs in place of GT (Burset et al. 2000: 0.6 % of introns).
    """

    genetic_code: int = 11
    shortest_bp: int = 90
    overlap_bp: int = 60
    gene_nats: float = 10.0
    start_weight: float = 1.0
    shortest_intron_bp: int = 40
    intron_nats: float = 8.0
    gc_donor_nats: float = 5.0
