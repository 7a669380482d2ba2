"""From genomes to training and evaluation batches."""
