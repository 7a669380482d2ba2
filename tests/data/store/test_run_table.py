"""Runs on disk: joined across batches, found from any block."""

from itertools import pairwise
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dna_mamba.data.store.letters import LetterRuns
from dna_mamba.data.store.run_table import RunTable, RunWriter


def runs_of(letters: np.ndarray) -> list[tuple[int, int, int]]:
    """Stretches of an array in which 255 stands for no letter."""
    edges = [0, *(np.flatnonzero(np.diff(letters)) + 1).tolist(), len(letters)]
    spans = pairwise(edges)
    return [(start, end, int(letters[start])) for start, end in spans if start < end and letters[start] != 255]


@settings(max_examples=25)
@given(seed=st.integers(0, 1000), batch=st.integers(1, 3000))
def test_runs_within_a_window(tmp_path_factory, seed: int, batch: int) -> None:
    rng = np.random.default_rng(seed)
    letters = np.repeat(rng.choice([255, 255, 0, 3], 12), rng.integers(1, 900, 12)).astype(np.int16)
    directory: Path = tmp_path_factory.mktemp("runs")
    writer = RunWriter(directory)
    for offset in range(0, len(letters), batch):
        found = runs_of(letters[offset : offset + batch])
        columns = np.array(found, dtype=np.int64).reshape(-1, 3).T
        writer.add(LetterRuns(columns[0], columns[1], columns[2].astype(np.uint8)), offset)
    writer.finish(len(letters))
    for file in writer.files:
        file.close()
    table = RunTable(directory)
    assert table.n_runs == len(runs_of(letters))
    if table.n_runs:
        for start, end in np.sort(rng.integers(0, len(letters) + 1, (20, 2)), axis=1).tolist():
            assert list(table.within(start, end)) == runs_of(letters[start:end])
