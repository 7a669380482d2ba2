"""Genes as a label a base: what the labels are, how an annotation gives them, and how genes are read off them."""
