"""Recipes that look for held-out sequence in training, and recipes that weigh what they read by an annotation."""

import json
from pathlib import Path

import numpy as np
import pytest

from dna_mamba.alphabet import decode_bases, reverse_complement_codes
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.training.pretrain import PretrainJob, read_recipe
from dna_mamba.training.pretrain.source import fingerprint_of, read_split
from tests.data.leaks.planted import random_codes

TRAIN = random_codes(20_000, seed=1)
VALIDATION = np.concatenate([reverse_complement_codes(TRAIN[8000:9500]), random_codes(500, seed=2)])
GFF = "train\t.\tgene\t5001\t6000\t.\t+\t.\tID=g\ntrain\t.\tCDS\t5001\t6000\t.\t+\t0\tParent=g\n"


@pytest.fixture
def path(recipe_path: Path) -> Path:
    """A recipe over a genome of which three quarters of the validation contig stand in training."""
    contigs = {"train": TRAIN, "val": VALIDATION, "test": random_codes(1000, seed=3)}
    (recipe_path.parent / "genome.fa").write_text("".join(f">{k}\n{decode_bases(v)}\n" for k, v in contigs.items()))
    (recipe_path.parent / "genes.gff3").write_text(GFF)
    return recipe_path


def test_leaks_are_logged_and_on_the_card(path: Path, tmp_path: Path) -> None:
    recipe = read_recipe(path, ("genome.homology={window_bp: 500}", "schedule.steps=1"))
    PretrainJob(recipe, tmp_path / "run").run()
    start = json.loads((tmp_path / "run" / "log.jsonl").read_text().splitlines()[0])
    facts = start["homology"]
    assert facts["action"] == "report" and facts["validation"]["leaking_windows"] == 3
    assert facts["test"]["leaking_windows"] == 0 and start["train"] == 20_000
    card = (tmp_path / "run" / "model" / "CARD.md").read_text()
    assert "- **Homology**: validation: 3 of 4 windows of 500 bp stand in training to 50% or more" in card


def test_leaks_are_excluded(path: Path) -> None:
    recipe = read_recipe(path, ("genome.homology={window_bp: 500, action: exclude-training}",))
    split = read_split(recipe)
    (stretch,) = split.excluded
    assert abs(stretch.start - 8000) < 20 and abs(stretch.end - 9500) < 20
    assert split.train == (Interval("train", 0, stretch.start), Interval("train", stretch.end, 20_000))
    job = PretrainJob(recipe, path.parent / "run")
    for step in range(100):
        for window in job.batches[step].windows:
            assert window.end <= stretch.start or window.start >= stretch.end
    split = read_split(read_recipe(path, ("genome.homology={window_bp: 500, action: exclude-held-out}",)))
    assert split.validation == (Interval("val", 1500, 2000),)


def test_windows_follow_the_annotation(path: Path) -> None:
    weights = ("genome.annotation=" + str(path.parent / "genes.gff3"), "genome.region_weights={CDS: 9}")
    recipe = read_recipe(path, weights)
    job = PretrainJob(recipe, path.parent / "run")
    starts = [window.start for step in range(300) for window in job.batches[step].windows]
    inside = np.mean([4800 < start < 6200 for start in starts])
    assert 0.2 < inside < 0.4  # a twentieth of the contig, nine times as densely: 0.32
    first = fingerprint_of(recipe, job.split)
    (path.parent / "genes.gff3").write_text(GFF.replace("6000", "6001"))
    assert fingerprint_of(recipe, job.split) != first


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("genome.annotation=[a.gff3]", "genome: give annotation and region_weights both"),
        ("genome.region_weights={CDS: 2}", "genome: give annotation and region_weights both"),
        ("genome.homology={action: exclude}", "genome.homology.action 'exclude'"),
        ("genome.homology={shares: 0.5}", "genome.homology.shares: no such key"),
        ("genome.homology={window_bp: 10}", "genome.homology.window_bp 10: "),
    ],
)
def test_wrong_keys(override: str, message: str, path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read_recipe(path, (override,))


def test_a_recipe_without_them_is_written_as_before(path: Path) -> None:
    written = read_recipe(path).model_dump(mode="json")["genome"]
    assert written.keys() == {"fasta", "validation", "test", "exclude"}
    with_homology = read_recipe(path, ("genome.homology={}",))
    assert with_homology.model_dump(mode="json")["genome"]["homology"]["share"] == 0.5
