"""Genes of a genome as GFF3 rows: each contig's are read off all of its answers together.

The decoder first learns the genome from a sample of it. That happens where everything that was answered is at hand,
so that shards put together give the genes of one run.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np

from dna_mamba.annotation.adaptation import Adaptation, AnsweredContig, adapt
from dna_mamba.annotation.decode import decode_genes
from dna_mamba.annotation.options import DecoderOptions
from dna_mamba.annotation.statistics.genome import GenomeStatistics
from dna_mamba.io.gff.writer import gff3_rows
from dna_mamba.scoring.predictions.layout import AlongAnswers

SAMPLE_BP = 5_000_000
"""The decoder learns from as many bases at most, spread over the genome: a bacterium is read whole."""
_PIECE_BP = 500_000
_LEAST = 1e-30
"""Probabilities below it have its logarithm."""


class _Piece(NamedTuple):
    """A stretch of a contig, in its coordinates, and the parts in which it was answered."""

    chrom: str
    start: int
    end: int
    numbers: tuple[int, ...]


def learn_genome(answers: AlongAnswers) -> Adaptation:
    """What the decoder learns from what was answered."""
    contigs = [_read(answers, piece) for piece in _sample(list(_contigs(answers)))]
    return adapt(contigs, answers.head.outputs, DecoderOptions(genetic_code=answers.genetic_code))


def gene_lines(answers: AlongAnswers, statistics: GenomeStatistics | None) -> Iterator[str]:
    """Rows of the genes of each contig; without statistics they are read off the head's answers alone."""
    options = DecoderOptions(genetic_code=answers.genetic_code)
    for contig in _contigs(answers):
        yield from gff3_rows(decode_genes(*_read(answers, contig), answers.head.outputs, options, statistics))


def _sample(contigs: Sequence[_Piece]) -> Sequence[_Piece]:
    """Pieces at even distances over the genome, or everything if it is no more than the sample may be."""
    pieces = [
        contig._replace(start=start, end=min(start + _PIECE_BP, contig.end))
        for contig in contigs
        for start in range(contig.start, contig.end, _PIECE_BP)
    ]
    total_bp = sum(piece.end - piece.start for piece in pieces)
    return contigs if total_bp <= SAMPLE_BP else pieces[:: -(-total_bp // SAMPLE_BP)]


def _contigs(answers: AlongAnswers) -> Iterator[_Piece]:
    for chrom, numbered in groupby(enumerate(answers.units), key=lambda item: item[1].chrom):
        numbers, units = zip(*numbered, strict=True)
        yield _Piece(chrom, units[0].start, units[-1].end, numbers)


def _read(answers: AlongAnswers, piece: _Piece) -> AnsweredContig:
    """Bases and log-probabilities (L, K), a part after the other; where nothing was said all classes are alike."""
    length = piece.end - piece.start
    log_p_LK = np.empty((length, len(answers.head.outputs)), dtype=np.float32)
    bases = np.empty(length, dtype=np.uint8)
    for number in piece.numbers:
        unit = answers.units[number]
        first, last = max(unit.start, piece.start), min(unit.end, piece.end)
        if first >= last:
            continue
        inside = slice(first - unit.start, last - unit.start)
        here_lK = log_p_LK[first - piece.start : last - piece.start]
        np.nan_to_num(answers.values(number)[inside], nan=1 / log_p_LK.shape[1]).clip(_LEAST, out=here_lK)
        np.log(here_lK, out=here_lK)
        bases[first - piece.start : last - piece.start] = answers.bases(number)[inside]
    return AnsweredContig(piece.chrom, bases, log_p_LK)
