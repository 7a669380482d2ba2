"""Every substitution at every position of a region."""
