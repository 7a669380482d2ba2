"""Scores read back from a VCF that was scored."""

from collections.abc import Iterator
from pathlib import Path

from dna_mamba.errors import InputError
from dna_mamba.io.vcf import VcfReader
from dna_mamba.scoring.variant_files.columns import parse_info
from dna_mamba.scoring.variant_files.survey import alleles_of
from dna_mamba.scoring.variants.status import VariantScore


def read_scores(path: str | Path) -> Iterator[VariantScore]:
    """The alleles of a VCF that ``ScoreJob`` wrote, with their scores, in order; records without scores give none.

    Raises:
        InputError: the file is not a VCF, or its scores are malformed; names the line.
    """
    with VcfReader(path) as reader:
        for record in reader:
            try:
                values = parse_info(record.info)
                pairs = list(zip(alleles_of(record), values, strict=True)) if values else []
            except (InputError, ValueError) as error:
                raise InputError(str(error), place=f"{path}:{record.line_number}") from None
            yield from (VariantScore(variant, status, found) for variant, (status, found) in pairs)
