"""One window after the other: what each keeps, nothing where all is N."""

import numpy as np
import pytest
import torch

from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.io.fasta import FastaReader
from dna_mamba.scoring.predictions.along import read_unit, unit_bases
from dna_mamba.scoring.predictions.units import AlongReading, units_of
from tests.scoring.predictions.worlds import TRACKS, head_model
from tests.worlds import random_sequence, write_fasta


@pytest.fixture
def genome(tmp_path):
    return FastaReader(write_fasta(tmp_path / "g.fa", {"c": random_sequence(99).lower() + "N" * 101}))


def unit_of(genome, head, reading):
    (unit,) = units_of(genome.contigs, {"c": [Interval("c", 0, 200)]}, reading, head.bin_bp or 1)
    return unit


def test_pieces_together_are_the_part(genome):
    unit = unit_of(genome, TRACKS, AlongReading(64, 32))
    values = np.concatenate(list(read_unit(head_model(TRACKS), genome, unit)))
    assert values.shape == (25, 2) and unit_bases(genome, unit).shape == (200,)
    assert not np.isnan(values[:12]).any() and np.isnan(values[-3:]).all()
    assert unit_bases(genome, unit).max() == 4


def test_answers_that_are_no_numbers_are_told(genome):
    model = head_model(TRACKS)
    with torch.no_grad():
        model.head.final.weight.fill_(torch.nan)
    with pytest.raises(InputError, match="an answer on 'c' is not finite"):
        list(read_unit(model, genome, unit_of(genome, TRACKS, AlongReading(0, 0))))
