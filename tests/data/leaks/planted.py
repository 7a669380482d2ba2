"""Random sequence, and copies of parts of it that are not quite alike."""

import numpy as np

from dna_mamba.alphabet import Codes


def random_codes(n_bp: int, seed: int) -> Codes:
    """Base codes with no sequence in common with those of another seed, uint8 (n_bp,)."""
    return np.random.default_rng(seed).integers(0, 4, n_bp).astype(np.uint8)


def mutated(codes: Codes, identity: float, seed: int) -> Codes:
    """A copy in which bases are replaced, one in ten of them inserted or deleted instead."""
    rng = np.random.default_rng(seed)
    replaced = (codes + rng.integers(1, 4, len(codes))) % 4
    is_hit = rng.random(len(codes)) >= identity
    kind = rng.random(len(codes))
    out = np.where(is_hit, replaced, codes).astype(np.uint8)
    copies = np.where(is_hit & (kind < 0.05), 0, np.where(is_hit & (kind < 0.1), 2, 1))
    return np.repeat(out, copies)
