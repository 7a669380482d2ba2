"""What is no set of shards is refused by name; whole sets are tested with the jobs."""

import pytest

from dna_mamba.errors import InputError
from dna_mamba.scoring.predictions.inputs import rows_of
from dna_mamba.scoring.predictions.job import PredictJob
from dna_mamba.scoring.predictions.merge import is_prediction_shard, merge_predictions
from dna_mamba.scoring.predictions.target import PredictionTarget
from tests.scoring.predictions.worlds import head_model
from tests.worlds import random_sequence, write_fasta


@pytest.fixture
def shards(tmp_path):
    fasta = write_fasta(tmp_path / "in.fa", {f"s{i}": random_sequence(12, i) for i in range(130)})
    paths = [tmp_path / f"{i}.tsv" for i in (1, 2)]
    for i, path in enumerate(paths, 1):
        PredictJob(rows_of(fasta), head_model()).run(PredictionTarget(path), shard=f"{i}/2")
    return paths


def test_shards_are_known_by_their_first_line(shards, tmp_path):
    assert all(map(is_prediction_shard, shards)) and not is_prediction_shard(tmp_path / "in.fa")
    with pytest.raises(InputError, match=r"in\.fa: is not a shard of predictions"):
        merge_predictions([shards[0], tmp_path / "in.fa"], PredictionTarget(tmp_path / "m.tsv"))


def test_a_missing_a_changed_and_a_strange_shard(shards, tmp_path):
    target = PredictionTarget(tmp_path / "m.tsv")
    with pytest.raises(InputError, match="shard 2/2 is missing"):
        merge_predictions(shards[:1], target)
    with pytest.raises(InputError, match="the shards are of another kind"):
        merge_predictions(shards, PredictionTarget(tmp_path / "m.bed"))
    text = shards[1].read_text()
    shards[1].write_text(text[:-3] + "K\n")
    with pytest.raises(InputError, match=r"2\.tsv: its lines are not those that were written"):
        merge_predictions(shards, target)
    shards[1].write_text(text.replace('"model":"', '"model":"0'))
    with pytest.raises(InputError, match=r"2\.tsv: its model is 0"):
        merge_predictions(shards, target)
    assert not (tmp_path / "m.tsv").exists()
