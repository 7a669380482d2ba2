"""Defaults that the command line states in its help without importing what uses them."""

DEFAULT_CONTEXT_BP = 256
"""Longest window around a variant or a site, of a model that does not say what it was trained on."""
LONGEST_DEFAULT_CONTEXT_BP = 8192
"""What such a window grows to unasked, however long the windows were that a model was trained on."""
DEFAULT_WINDOW_BP = 8192
"""Window in which tracks read contigs."""
DEFAULT_OVERLAP_BP = 1024
"""How far such windows overlap at least."""
PRECISIONS = ("float32", "tf32", "bfloat16", "auto")
"""In which a model can be asked to run; see ``models.precision``."""
