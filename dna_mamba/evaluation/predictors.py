"""What may tell a damaging substitution from a harmless one: the model, and what is simpler. Higher is worse."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import bases_of
from dna_mamba.annotation.codons import codon_numbers, read_codons
from dna_mamba.data.genomes import ContigCodes
from dna_mamba.data.words import Context, WordCounts
from dna_mamba.evaluation.substitutions import Substitutions
from dna_mamba.inference.batch import in_batches, windows_per_pass
from dna_mamba.inference.likelihood import masked_log_probabilities
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.gff.rows import CodingSequence
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.sequences.windows import site_window

_PSEUDOCOUNT = 0.5
_C, _G = 1, 2
Site = tuple[str, int]
"""Contig and 0-based position."""


def model_llr(
    substitutions: Substitutions,
    genome: FastaReader,
    model: MaskedLanguageModel,
    *,
    context_bp: int,
    batch_size: int | None = None,
    advance: Callable[[int], None] = lambda count: None,
) -> NDArray[np.float64]:
    """The LLR of ``dna-mamba score`` in nats, (n,): ln p(alt) - ln p(ref), the site masked, both strands joined.

    Args:
        substitutions: n of them.
        genome: what they are of.
        model: a language model on nucleotide tokens.
        context_bp: longest window it reads.
        batch_size: sites in one forward pass; None takes what suits the device.
        advance: is told how many sites have just been scored.

    Raises:
        InputError: the model does not read single bases, has no reverse complement, or gives NaN or infinity.
    """
    keys = list(zip(substitutions.chrom.tolist(), substitutions.position.tolist(), strict=True))
    log_p: dict[Site, NDArray[np.float32]] = {}
    for batch in in_batches(sorted(set(keys)), batch_size or windows_per_pass(model, context_bp)):
        log_p.update(_ask(model, genome, batch, context_bp))
        advance(len(batch))
    log_p_N4 = np.array([log_p[key] for key in keys], dtype=np.float64)
    return _ratio(log_p_N4, substitutions.ref, substitutions.alt)


def _ask(
    model: MaskedLanguageModel, genome: FastaReader, sites: Sequence[Site], context_bp: int
) -> Iterator[tuple[Site, NDArray[np.float32]]]:
    """Each site with natural log of p(A, C, G, T) there, float32 (4,), in one forward pass."""
    windows = [site_window(genome, chrom, position, context_bp) for chrom, position in sites]
    return zip(sites, masked_log_probabilities(model, windows), strict=True)


def _ratio(log_p_N4: NDArray[np.float64], ref: NDArray[np.int64], alt: NDArray[np.int64]) -> NDArray[np.float64]:
    """Log ratio of p(alt) and p(ref) in nats, (N,)."""
    rows = np.arange(len(ref))
    ratio: NDArray[np.float64] = log_p_N4[rows, alt] - log_p_N4[rows, ref]
    return ratio


def markov_llr(
    substitutions: Substitutions, genome: FastaReader, train: Iterable[ContigCodes], flank_bp: int
) -> NDArray[np.float64]:
    """The same from counts of words: ``flank_bp`` bases on each side, both strands of ``train`` (data/words.py).

    Zero where the context leaves the contig or holds an unknown base.
    """
    context = Context(flank_bp, flank_bp)
    counts = WordCounts(train, context.length)
    middle, log_p_N4 = np.array([flank_bp]), np.zeros((len(substitutions.position), 4))
    for row, (chrom, position) in enumerate(zip(substitutions.chrom, substitutions.position, strict=True)):
        codes = genome.window(str(chrom), int(position) - flank_bp, int(position) + flank_bp + 1).codes
        ((_, counts_14, known_1),) = counts.in_contexts(codes, middle, [context])
        if known_1[0]:
            log_p_N4[row] = np.log(counts_14[0] + _PSEUDOCOUNT)
    return _ratio(log_p_N4, substitutions.ref, substitutions.alt)


def codon_usage_llr(
    substitutions: Substitutions, genome: FastaReader, sequences: Iterable[CodingSequence]
) -> NDArray[np.float64]:
    """Log ratio of how often the new and the old codon stand in frame in ``sequences``: it is told the frame."""
    counts = np.zeros(64)
    cache: dict[str, NDArray[np.int64]] = {}
    for sequence in sequences:
        if sequence.chrom not in cache:
            cache = {sequence.chrom: bases_of(genome.codes(sequence.chrom)).astype(np.int64)}
        codons_K3 = read_codons(sequence, cache[sequence.chrom])
        counts += np.bincount(codon_numbers(codons_K3[(codons_K3 < 4).all(1)]), minlength=64)
    log_64 = np.log(counts + _PSEUDOCOUNT)
    ratio: NDArray[np.float64] = log_64[substitutions.new_codon] - log_64[substitutions.codon]
    return ratio


def is_transversion(substitutions: Substitutions) -> NDArray[np.float64]:
    """1 for a purine against a pyrimidine or the reverse, 0 for a transition."""
    is_odd: NDArray[np.bool_] = (substitutions.ref + substitutions.alt) % 2 == 1
    return is_odd.astype(np.float64)


def gc_lost(substitutions: Substitutions) -> NDArray[np.float64]:
    """1 where G or C becomes A or T, -1 for the reverse, 0 otherwise."""
    strong_ref, strong_alt = (np.isin(base, (_C, _G)) for base in (substitutions.ref, substitutions.alt))
    lost: NDArray[np.float64] = strong_ref.astype(np.float64) - strong_alt
    return lost


def is_in_cpg(substitutions: Substitutions, genome: FastaReader) -> NDArray[np.float64]:
    """1 where the reference base is the C or the G of a CpG."""
    inside = np.zeros(len(substitutions.position))
    for row, (chrom, position) in enumerate(zip(substitutions.chrom, substitutions.position, strict=True)):
        bases = bases_of(genome.window(str(chrom), int(position) - 1, int(position) + 2).codes)
        inside[row] = (bases[0], bases[1]) == (_C, _G) or (bases[1], bases[2]) == (_C, _G)
    return inside
