"""Known motifs: where genes begin and end, which motifs stand there, and what a model gains at them."""
