"""From a head's answers to genes: the decoder that a genetic code and the head's classes ask for."""

from collections.abc import Sequence

import numpy as np

from dna_mamba.alphabet import Codes
from dna_mamba.annotation.codons import codon_signals
from dna_mamba.annotation.evidence import ClassLogProbabilities, evidence_of
from dna_mamba.annotation.labels import columns_of
from dna_mamba.annotation.options import DecoderOptions
from dna_mamba.annotation.reading_frames import Candidates, best_set, candidates_of
from dna_mamba.annotation.spliced import spliced_genes
from dna_mamba.annotation.statistics.genome import GenomeStatistics
from dna_mamba.io.gff.writer import PredictedGene


def decode_genes(
    chrom: str,
    bases: Codes,
    log_p_LK: ClassLogProbabilities,
    names: Sequence[str],
    options: DecoderOptions,
    statistics: GenomeStatistics | None = None,
) -> list[PredictedGene]:
    """The most probable genes of a contig, by start: spliced where the head has classes for introns.

    Args:
        chrom: the contig's name.
        bases: its base codes without soft-mask bits, uint8 (L,).
        log_p_LK: natural logarithms of the probabilities of its bases' classes.
        names: of the K classes.
        options: of the decoder.
        statistics: of the genome, as ``adaptation.adapt`` learns them; None for what the head says alone.

    Raises:
        InputError: these are not the classes of an annotation, or there is no such genetic code.
        ValueError: there are not as many answers as bases.
    """
    if len(bases) != len(log_p_LK):
        raise ValueError(f"{len(log_p_LK)} answers for {len(bases)} bases of {chrom!r}")
    if columns_of(names, "+").intron is not None:
        return spliced_genes(chrom, bases, log_p_LK, names, options, statistics)
    return _unspliced_genes(chrom, bases, log_p_LK, names, options, statistics)


def _unspliced_genes(
    chrom: str,
    bases: Codes,
    log_p_LK: ClassLogProbabilities,
    names: Sequence[str],
    options: DecoderOptions,
    statistics: GenomeStatistics | None,
) -> list[PredictedGene]:
    signals = codon_signals(options.genetic_code)
    strands = [evidence_of(bases, log_p_LK, names, strand, options, statistics) for strand in "+-"]
    forward, other = (candidates_of(evidence, signals, options) for evidence in strands)
    reverse = other.turned(len(bases))
    both = Candidates(*(np.concatenate(columns) for columns in zip(forward, reverse, strict=True)))
    n_forward = len(forward.start)
    genes = [
        PredictedGene(
            chrom,
            "+" if index < n_forward else "-",
            ((int(both.start[index]), int(both.end[index])),),
            float(both.score[index]),
        )
        for index in best_set(both, options)
    ]
    return sorted(genes, key=lambda gene: (gene.start, gene.end))
