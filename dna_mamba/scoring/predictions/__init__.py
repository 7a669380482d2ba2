"""What a model with a head says: of sequences, a row each, and along contigs, a number a base or bin."""
