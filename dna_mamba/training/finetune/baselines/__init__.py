"""What needs no pretrained model: every result stands beside these, on the same folds."""
