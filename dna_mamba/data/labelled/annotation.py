"""Genomes with their genes as a label a base.

A base is coding where the codons of exactly one gene lie, stop codons included whether or not the file counts them in
the CDS; then, in this order, in an intron, in an untranslated region, or intergenic. Of each gene the transcript with
the longest coding sequence counts. What would teach something false teaches nothing (``labels.IGNORED``): codons of
two genes, CDS that cannot be read (frameshifts, partial models), pseudogenes, letters other than A, C, G and T.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import N_CODE, Codes, bases_of
from dna_mamba.annotation.coding_parts import CodingTranscript, coding_parts
from dna_mamba.annotation.codons import PROKARYOTIC_CODES
from dna_mamba.annotation.fitting import FittedAnnotation, fit_annotation
from dna_mamba.annotation.labels import IGNORED, INTERGENIC, coding, intron, label_names, utr
from dna_mamba.annotation.stops import with_stop_codon
from dna_mamba.errors import InputError
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.genbank_features import read_annotation
from dna_mamba.io.gff.transcripts import MRNA, PSEUDOGENE, Transcript

_ENOUGH_UTR = 0.1

BaseLabels = NDArray[np.int8]


class LabelledContig(NamedTuple):
    """A contig: ``codes`` uint8 (L,) with soft-mask bits, ``labels`` int8 (L,), an index into the classes or IGNORED.

    ``source`` is the genome's file; ``genes`` are the coding parts that the annotation has.
    """

    source: str
    chrom: str
    codes: Codes
    labels: BaseLabels
    genes: list[CodingTranscript]


class LabelledGenomes(NamedTuple):
    """Contigs of one or several genomes, and what all of them share.

    ``names`` are the classes; ``notes`` lines for people.
    """

    contigs: list[LabelledContig]
    names: tuple[str, ...]
    genetic_code: int
    notes: list[str]


def read_labelled_genomes(
    genomes: Sequence[str], annotations: Sequence[str], *, genetic_code: int | None = None
) -> LabelledGenomes:
    """Genomes (FASTA, GenBank, EMBL), each with its annotation (GFF3, GTF, GenBank, EMBL).

    There are classes for introns where a gene is spliced and the genetic code is not one of bacteria, and for
    untranslated regions where a tenth of the coding transcripts have one.

    Raises:
        InputError: a file cannot be read, an annotation is not of its genome, numbers of files differ, genetic codes
            differ, or no base is coding.
    """
    if len(genomes) != len(annotations) or not genomes:
        what = f"{len(genomes)} genomes and {len(annotations)} annotations"
        raise InputError(what, place="--annotation", remedy="give each genome its own, in the same order")
    read = [_fitted(genome, annotation, genetic_code) for genome, annotation in zip(genomes, annotations, strict=True)]
    codes = {fitted.genetic_code: annotation for (fitted, _), annotation in zip(read, annotations, strict=True)}
    if len(codes) > 1:
        what = "genetic codes " + " and ".join(f"{code} in {path}" for code, path in codes.items())
        raise InputError(what, remedy="train a model for each, or give --genetic-code")
    names = _names([fitted for fitted, _ in read])
    contigs = [contig for fitted, own in read for contig in _painted(fitted, own, names)]
    if not any((contig.labels > 0).any() for contig in contigs):
        raise InputError("no base is coding", place=annotations[0], remedy="give annotations of these genomes")
    notes = [note for fitted, _ in read for note in fitted.notes]
    return LabelledGenomes(contigs, names, next(iter(codes)), notes)


def _fitted(genome: str, annotation: str, code: int | None) -> tuple[FittedAnnotation, list[LabelledContig]]:
    """An annotation on its genome, and the genome's contigs, not labelled yet."""
    with FastaReader(genome) as reader:
        fitted = fit_annotation(read_annotation(annotation), reader, genetic_code=code, place=annotation)
        bare = [
            LabelledContig(genome, contig.chrom, reader.codes(contig.chrom), np.zeros(0, dtype=np.int8), [])
            for contig in reader.contigs
        ]
    return fitted, bare


def _names(fitted: Sequence[FittedAnnotation]) -> tuple[str, ...]:
    coding_transcripts = [item for one in fitted for item in one.transcripts if item.cds]
    may_splice = fitted[0].genetic_code not in PROKARYOTIC_CODES
    is_spliced = may_splice and any(len(item.cds) > 1 for item in coding_transcripts)
    n_with_utr = sum(bool(_untranslated(item)) for item in coding_transcripts)
    return label_names(spliced=is_spliced, untranslated=n_with_utr > _ENOUGH_UTR * len(coding_transcripts))


def _untranslated(item: Transcript) -> list[tuple[int, int]]:
    """The parts of its exons outside its CDS and a stop codon beside it."""
    first, last = item.cds[0].start, item.cds[-1].end
    if item.strand == "+":
        last += 3
    else:
        first -= 3
    left = [(start, min(end, first)) for start, end in item.exons if start < first]
    return left + [(max(start, last), end) for start, end in item.exons if end > last]


def _painted(
    fitted: FittedAnnotation, contigs: Iterable[LabelledContig], names: tuple[str, ...]
) -> Iterable[LabelledContig]:
    for contig in contigs:
        transcripts = [item for item in fitted.transcripts if item.chrom == contig.chrom]
        yield contig._replace(
            labels=label_bases(contig.chrom, contig.codes, transcripts, fitted, names),
            genes=coding_parts(transcripts, contig.chrom, bases_of(contig.codes), fitted.genetic_code),
        )


def label_bases(
    chrom: str, codes: Codes, transcripts: Sequence[Transcript], fitted: FittedAnnotation, names: tuple[str, ...]
) -> BaseLabels:
    """The label of each base of a contig, int8 (L,); ``transcripts`` are those on it, ``names`` the classes."""
    bases = bases_of(codes)
    labels = np.full(len(codes), names.index(INTERGENIC), dtype=np.int8)
    for item in transcripts:
        if item.cds:
            _paint(labels, _untranslated(item), names, utr(item.strand))
    for item in transcripts:
        if item.cds:
            _paint(labels, _gaps(item), names, intron(item.strand))
    for item in transcripts:
        for start, end in item.exons if item.kind == PSEUDOGENE else [(row.start, row.end) for row in item.cds]:
            labels[start:end] = IGNORED
    owner = np.zeros(len(codes), dtype=np.int32)
    for number, sequence in enumerate(fitted.coding.sequences, 1):
        if sequence.chrom != chrom:
            continue
        positions = with_stop_codon(sequence.positions, sequence.strand, bases, fitted.genetic_code)
        own = np.resize([names.index(coding(place, sequence.strand)) for place in range(3)], len(positions))
        taken = (owner[positions] > 0) & (labels[positions] != own)
        labels[positions] = np.where(taken, IGNORED, own)
        owner[positions] = number
    labels[bases == N_CODE] = IGNORED
    return labels


def _gaps(item: Transcript) -> list[tuple[int, int]]:
    """Introns between the rows of its CDS, and those of untranslated exons."""
    gaps = [(left.end, right.start) for left, right in pairwise(item.cds) if left.end < right.start]
    return gaps + (item.introns if item.kind == MRNA else [])


def _paint(labels: BaseLabels, spans: Iterable[tuple[int, int]], names: tuple[str, ...], name: str) -> None:
    if name in names:
        for start, end in spans:
            labels[max(0, start) : end] = names.index(name)
