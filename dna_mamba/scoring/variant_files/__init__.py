"""A VCF in, the same VCF or a table with scores out."""
