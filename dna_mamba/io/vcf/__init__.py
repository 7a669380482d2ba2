"""VCF and BCF, read and written as lines of text."""

from dna_mamba.io.vcf.binary import write_vcf_index
from dna_mamba.io.vcf.reader import (
    VcfReader,
    VcfRecord,
    header_contigs,
    merge_info,
    parse_record,
    with_header_lines,
)
from dna_mamba.io.vcf.writer import VcfWriter, vcf_format

__all__ = [
    "VcfReader",
    "VcfRecord",
    "VcfWriter",
    "header_contigs",
    "merge_info",
    "parse_record",
    "vcf_format",
    "with_header_lines",
    "write_vcf_index",
]
