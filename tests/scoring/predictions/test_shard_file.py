"""A shard along contigs: written, read back, and refused where it is damaged."""

import hashlib

import numpy as np
import pytest

from dna_mamba.errors import InputError
from dna_mamba.runs import Claim, Shard, span_of
from dna_mamba.scoring.predictions import units as units_module
from dna_mamba.scoring.predictions.shard_file import AlongRun, numbers_in, open_shard_file, payload, write_shard
from dna_mamba.scoring.predictions.units import AlongReading
from tests.scoring.predictions.laid_out import answers_of

READING = AlongReading(20, 4)


@pytest.fixture
def written(tmp_path, monkeypatch):
    monkeypatch.setattr(units_module, "PART_BP", 30)
    answers = answers_of("ACGTN" * 50, reading=READING)
    run = AlongRun(answers.head, answers.contigs, answers.regions, READING, 4)
    span = span_of(Shard(2, 3), 250)
    numbers = numbers_in(answers.units, span)
    assert 0 < len(numbers) < len(answers.units)
    sha256 = hashlib.sha256(b"".join(payload(answers, numbers))).hexdigest()
    claim = Claim(Shard(2, 3), span, 250, len(numbers), sha256, {}, {"model": "m"})
    write_shard(tmp_path / "2.bed", claim, run, ["##by"], payload(answers, numbers), force=False)
    return answers, numbers, tmp_path / "2.bed"


def test_it_reads_back(written):
    answers, numbers, path = written
    shard = open_shard_file(path)
    assert (shard.numbers, shard.header, shard.run.genetic_code) == (numbers, ["##by"], 4)
    assert shard.run.units() == answers.units and shard.run.head == answers.head
    for at, number in enumerate(numbers):
        np.testing.assert_array_equal(shard.values(answers.units[number], at), answers.values(number))
        np.testing.assert_array_equal(shard.bases(answers.units[number], at), answers.bases(number))


def test_damage_is_told(written):
    _, _, path = written
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1])):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match="is damaged or cut short"):
            open_shard_file(path)
    path.write_bytes(whole.replace(b'"genetic_code"', b'"genetic_mode"'))
    with pytest.raises(InputError, match="second line cannot be read"):
        open_shard_file(path)


def test_spans_laid_end_to_end_hold_every_part_once():
    units = answers_of("ACGTN" * 50, reading=READING).units
    spans = [span_of(Shard(i, 5), 250) for i in range(1, 6)]
    assert [number for span in spans for number in numbers_in(units, span)] == list(range(len(units)))
