"""An annotation laid on its genome: contigs by their names in the genome, everything checked against it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import bases_of
from dna_mamba.annotation.codons import amino_acids, has_early_stop, read_codons
from dna_mamba.errors import InputError
from dna_mamba.genome import other_names
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.gff.rows import Annotation, CodingSequence, coding_of
from dna_mamba.io.gff.transcripts import GenomeAnnotation, Transcript

_MOST_BROKEN = 0.3
_CHECKED_GENES = 2000
_RARE_STARTS = 0.04
_START_CODONS = ("ATG", "GTG", "TTG")
_SHOWN = 3


class FittedAnnotation(NamedTuple):
    """An annotation of a genome: names are those of the genome, ``notes`` lines for people."""

    transcripts: list[Transcript]
    repeats: list[tuple[str, int, int]]
    coding: Annotation
    genetic_code: int
    notes: list[str]


def fit_annotation(
    annotation: GenomeAnnotation, genome: FastaReader, *, genetic_code: int | None, place: str
) -> FittedAnnotation:
    """Contigs by the genome's names, and an error where the annotation is not one of this genome.

    Args:
        annotation: as read.
        genome: what it is of.
        genetic_code: NCBI's number; None takes what the annotation states most often, or else what genes look like.
        place: names the annotation in errors.

    Raises:
        InputError: no CDS, no contig in common, features past a contig's end, or genes full of stop codons.
    """
    if not any(transcript.cds for transcript in annotation.transcripts):
        raise InputError("has no CDS", place=place, remedy="give an annotation with coding sequences")
    lengths = {contig.chrom: contig.length for contig in genome.contigs}
    names, notes = match_contigs(annotation, lengths, place)
    transcripts = [renamed(item, names[item.chrom]) for item in annotation.transcripts if item.chrom in names]
    repeats = [(names[item.chrom], item.start, item.end) for item in annotation.repeats if item.chrom in names]
    circular = {names[name] for name, stated in annotation.contigs.items() if stated.is_circular and name in names}
    kept = [item for item in transcripts if not _passes_end(item, lengths, circular, place)]
    if len(kept) < len(transcripts):
        notes.append(f"{len(transcripts) - len(kept)} transcripts over the origin of a circular contig are left out")
    coding = coding_of((item.gene, item.cds) for item in kept if item.cds)
    code = genetic_code or _stated_code(annotation) or _code_by_genes(kept, coding, genome, notes)
    _check_codons(coding, genome, code, place)
    inside = [(chrom, start, min(end, lengths[chrom])) for chrom, start, end in repeats if start < lengths[chrom]]
    return FittedAnnotation(kept, inside, coding, code, notes)


def match_contigs(
    annotation: GenomeAnnotation, lengths: Mapping[str, int], place: str
) -> tuple[dict[str, str], list[str]]:
    """The genome's name of each annotated contig that it has, and a line for each that is called otherwise."""
    annotated = list(dict.fromkeys(item.chrom for item in annotation.transcripts))
    found = {chrom: _match(chrom, annotation, lengths) for chrom in annotated}
    names = {chrom: name for chrom, name in found.items() if name is not None}
    if not names and len(annotated) == len(lengths) == 1:
        names = {annotated[0]: next(iter(lengths))}
    if not names:
        what = f"annotates {_some(annotated)}, and the genome has {_some(lengths)}"
        raise InputError(what, place=place, remedy="give the annotation of this genome, with its contigs' names")
    notes = [f"contig {chrom!r} of the annotation is {name!r}" for chrom, name in names.items() if chrom != name]
    for chrom in set(annotation.contigs) & set(names):
        stated = annotation.contigs[chrom].length
        if stated is not None and stated != lengths[names[chrom]]:
            what = f"states {stated:,} bp for {chrom!r}, and the genome has {lengths[names[chrom]]:,} bp"
            raise InputError(what, place=place, remedy="take the genome that the annotation was made for")
    return names, notes


def _match(chrom: str, annotation: GenomeAnnotation, lengths: Mapping[str, int]) -> str | None:
    """The same name, another spelling, a part of ``gi|...|ref|NAME|``, or the one contig of the length it states."""
    if chrom in lengths:
        return chrom
    stated = annotation.contigs.get(chrom)
    known = {chrom, *other_names(chrom)}
    if stated is not None and stated.length is not None:
        known |= {name for own in stated.names for name in (own, *other_names(own))}
    lower = {name.lower() for name in known}
    hits = [name for name in lengths if lower & {name.lower(), *(part.lower() for part in name.split("|") if part)}]
    if not hits and stated is not None and stated.length is not None:
        hits = [name for name, length in lengths.items() if length == stated.length]
    elif stated is not None and stated.length is not None:
        hits = [name for name in hits if lengths[name] == stated.length]
    return hits[0] if len(hits) == 1 else None


def renamed(transcript: Transcript, chrom: str) -> Transcript:
    """The transcript on a contig of another name."""
    if transcript.chrom == chrom:
        return transcript
    return transcript._replace(chrom=chrom, cds=tuple(row._replace(chrom=chrom) for row in transcript.cds))


def _passes_end(transcript: Transcript, lengths: Mapping[str, int], circular: set[str], place: str) -> bool:
    """Whether it runs over the origin of a circular contig. Raises InputError where the contig is not circular."""
    length = lengths[transcript.chrom]
    last = max([transcript.end, *(end for _, end in transcript.exons)])
    if last <= length:
        return False
    if transcript.chrom in circular:
        return True
    what = f"{transcript.gene!r} ends at {last:,} on {transcript.chrom!r}, which has {length:,} bp"
    raise InputError(what, place=place, remedy="take the genome that the annotation was made for")


def _stated_code(annotation: GenomeAnnotation) -> int | None:
    return annotation.genetic_codes.most_common(1)[0][0] if annotation.genetic_codes else None


def _code_by_genes(
    transcripts: Iterable[Transcript], coding: Annotation, genome: FastaReader, notes: list[str]
) -> int:
    """11 where nothing is spliced and GTG and TTG begin genes too, as in bacteria and archaea; else 1."""
    if any(item.cds and item.introns for item in transcripts):
        return 1
    starts = Counter(_codon(codons_K3[0]) for _, codons_K3 in _codons(coding, genome) if len(codons_K3))
    total = sum(starts.values())
    rare = starts["GTG"] + starts["TTG"]
    is_known = sum(starts[codon] for codon in _START_CODONS) > 0.8 * total
    if total >= 100 and is_known and rare > _RARE_STARTS * total:
        notes.append("genetic code 11: no gene is spliced, and some begin with GTG or TTG; else give --genetic-code")
        return 11
    return 1


def _codon(codon_3: NDArray[np.int64]) -> str:
    return "".join("ACGTN"[base] for base in codon_3)


def _codons(coding: Annotation, genome: FastaReader) -> Iterable[tuple[CodingSequence, NDArray[np.int64]]]:
    """Codons (K, 3) of a spread of genes, a contig at a time."""
    step = max(1, len(coding.sequences) // _CHECKED_GENES)
    chosen = sorted(coding.sequences[::step], key=lambda sequence: sequence.chrom)
    chrom, codes = "", np.zeros(0, dtype=np.int64)
    for sequence in chosen:
        if sequence.chrom != chrom:
            chrom, codes = sequence.chrom, bases_of(genome.codes(sequence.chrom)).astype(np.int64)
        yield sequence, read_codons(sequence, codes)


def _check_codons(coding: Annotation, genome: FastaReader, code: int, place: str) -> None:
    """Raise InputError where so many genes hold stop codons that the genome is another one, or the code."""
    acids = amino_acids(code)
    broken = [has_early_stop(codons_K3, acids) for _, codons_K3 in _codons(coding, genome)]
    if broken and sum(broken) > _MOST_BROKEN * len(broken):
        what = f"{sum(broken):,} of {len(broken):,} coding sequences hold stop codons in genetic code {code}"
        remedy = "take the genome that the annotation was made for, or give its --genetic-code"
        raise InputError(what, place=place, remedy=remedy)



def _some(names: Iterable[str]) -> str:
    every = list(names)
    shown = ", ".join(repr(name) for name in every[:_SHOWN])
    return shown + (f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else "")
