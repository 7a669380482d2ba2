"""What a run leaves behind: results, figures, the card, and where they lie."""
