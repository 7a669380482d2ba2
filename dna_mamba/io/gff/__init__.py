"""Annotations: rows of GFF3 and GTF, their transcripts, and writing genes."""
