"""What the confident genes of a genome say of all its genes: coding composition, start sites, splice sites."""
