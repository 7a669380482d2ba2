"""Labelled rows made up for tests of folds."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import Codes, encode_bases
from dna_mamba.data.labelled.dataset import Labelled, LabelTask


def labelled(
    labels: NDArray,
    sequences: Sequence[Codes] | None = None,
    task: LabelTask = "classification",
    **more,
) -> Labelled:
    """Rows ``r0``, ``r1``, ... with these labels, of random sequences of 40 bp where none are given."""
    labels = np.asarray(labels)
    if sequences is None:
        sequences = random_rows(len(labels), 40)
    n_names = int(labels.max()) + 1 if task == "classification" else labels.shape[1]
    return Labelled(
        task=task,
        ids=[f"r{row}" for row in range(len(labels))],
        sequences=sequences,
        labels=labels,
        names=tuple(f"c{index}" for index in range(n_names)),
        source="data.tsv",
        sha256="0" * 64,
        **more,
    )


def random_rows(n_rows: int, length: int, seed: int = 0) -> list[Codes]:
    return list(np.random.default_rng(seed).integers(0, 4, (n_rows, length)).astype(np.uint8))


def mutated(codes: Codes, n_edits: int, generator: np.random.Generator, *, gaps: float = 0.0) -> Codes:
    """So many edits at different bases: replaced, or, at a share of ``gaps``, deleted or inserted in turn."""
    places = np.sort(generator.choice(len(codes), n_edits, replace=False))[::-1]
    bases = codes.tolist()
    for number, at in enumerate(places.tolist()):
        if number < round(gaps * n_edits):
            bases[at : at + 1] = [] if number % 2 else [bases[at], int(generator.integers(4))]
        else:
            bases[at] = (bases[at] + int(generator.integers(1, 4))) % 4
    return np.array(bases, dtype=np.uint8)


def codes_of(letters: str) -> Codes:
    return encode_bases(letters)
