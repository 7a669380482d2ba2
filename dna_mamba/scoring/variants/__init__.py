"""What an allele is, what it changes, and its scores."""
