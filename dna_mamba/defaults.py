"""Defaults that the command line states in its help without importing what uses them."""

DEFAULT_CONTEXT_BP = 256
"""Longest window around a variant or a site: as good as 512 for the packaged model, at half the cost."""
DEFAULT_WINDOW_BP = 8192
"""Window in which tracks read contigs."""
DEFAULT_OVERLAP_BP = 1024
"""How far such windows overlap at least."""
PRECISIONS = ("float32", "tf32", "bfloat16", "auto")
"""In which a model can be asked to run; see ``models.precision``."""
