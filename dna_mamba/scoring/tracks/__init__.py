"""One number a base along contigs."""
