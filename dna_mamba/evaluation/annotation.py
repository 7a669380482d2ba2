"""Predicted genes beside known ones, at the levels of gffcompare, and where genes begin and end.

Coding parts are compared, stop codons included whether or not a file counts them in the CDS; untranslated regions are
not. Levels are those of Pertea & Pertea 2020, F1000Research 9:304: a base, an exon, an intron, the chain of a
transcript's introns, a transcript and a locus (transcripts whose exons overlap on a strand) each count when place and
strand agree to the base: ends of coding parts are codons, so the 100 bp by which gffcompare lets the outer ends of
transcripts differ (``-e``, without ``--strict-match``) are 0 here. Places that several transcripts have count once.
Recall is the share of known ones that are found, precision that of predicted ones that are known.
"""

from collections.abc import Sequence

from dna_mamba.alphabet import bases_of
from dna_mamba.annotation.coding_parts import coding_parts
from dna_mamba.annotation.fitting import fit_annotation, match_contigs, renamed
from dna_mamba.annotation.levels import AnnotationReport, LevelTables
from dna_mamba.errors import InputError
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.gff.transcripts import GenomeAnnotation, Transcript


def compare_annotations(
    known: GenomeAnnotation,
    predicted: GenomeAnnotation,
    genome: FastaReader,
    *,
    places: tuple[str, str],
    contigs: Sequence[str] = (),
    genetic_code: int | None = None,
) -> AnnotationReport:
    """How well predicted genes agree with known ones.

    Args:
        known: the truth.
        predicted: what is judged; may have no genes.
        genome: what both are of; contigs are matched by its names.
        places: names of both files, for errors.
        contigs: those to compare; none are all contigs of the genome.
        genetic_code: NCBI's number; None takes what the known annotation states or looks like.

    Raises:
        InputError: the genome has no such contig, or an annotation is not of it.
    """
    for chrom in contigs:
        genome.length(chrom)
    fitted = fit_annotation(known, genome, genetic_code=genetic_code, place=places[0])
    chroms = [contig.chrom for contig in genome.contigs if not contigs or contig.chrom in contigs]
    mapped, notes = _mapped(predicted, genome, places[1])
    tables = LevelTables()
    for chrom in chroms:
        bases = bases_of(genome.codes(chrom))
        code = fitted.genetic_code
        own, others = (coding_parts(items, chrom, bases, code) for items in (fitted.transcripts, mapped))
        tables.add(own, others, bases)
    facts = {
        "contigs": chroms,
        "genetic_code": fitted.genetic_code,
        "reference_sha256": genome.fingerprint,
    }
    return tables.report(facts, fitted.notes + notes)


def _mapped(predicted: GenomeAnnotation, genome: FastaReader, place: str) -> tuple[list[Transcript], list[str]]:
    """Transcripts of a prediction by the genome's names. Raises InputError where one runs past its contig's end."""
    coding = [item for item in predicted.transcripts if item.cds]
    if not coding:
        return [], []
    lengths = {contig.chrom: contig.length for contig in genome.contigs}
    names, notes = match_contigs(predicted, lengths, place)
    items = [renamed(item, names[item.chrom]) for item in coding if item.chrom in names]
    for item in items:
        if item.cds[-1].end > lengths[item.chrom]:
            what = f"{item.name!r} ends at {item.cds[-1].end:,} on {item.chrom!r}, which has {lengths[item.chrom]:,} bp"
            raise InputError(what, place=place, remedy="give the genome that it was predicted on")
    return items, notes
