"""Figures of leaks, and what is taken out of a split because of them."""

import numpy as np
import pytest

from dna_mamba.data.leaks.report import LeakReport, excluding, homology_lines, homology_report
from dna_mamba.data.leaks.settings import HomologyConfig, LeakSettings
from dna_mamba.data.leaks.windows import WindowLeak
from dna_mamba.data.splits import Split, split_genome
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from tests.data.leaks.planted import mutated, random_codes

TRAIN = random_codes(60_000, seed=1)
VALIDATION = np.concatenate([mutated(TRAIN[20_000:23_000], 0.98, seed=3)[:2900], random_codes(7100, seed=2)])
TEST = random_codes(5000, seed=4)


@pytest.fixture
def split() -> Split:
    genome = {"a": TRAIN[:30_000], "b": TRAIN[30_000:], "v": VALIDATION, "t": TEST}
    return split_genome(genome, validation=["v"], test=["t"])


def test_figures() -> None:
    shares = [0.05, 0.5, 0.7, 1.0]
    windows = [WindowLeak(Interval("c", 100 * i, 100 * i + 100), share, None, 0.9) for i, share in enumerate(shares)]
    windows.append(WindowLeak(Interval("c", 400, 450), 1.0, None, 0.99))
    found = LeakReport(windows, LeakSettings(window_bp=100))
    assert found.held_out_bp == 450 and len(found.leaking) == 4
    assert [leak.identity for leak in found.worst(2)] == [0.99, 0.9] and found.worst(9)[-1].share == 0.5
    assert found.facts() == {
        "window_bp": 100,
        "share": 0.5,
        "sensitive": False,
        "held_out_bp": 450,
        "windows": 5,
        "leaking_windows": 4,
        "leaking_bp": 350,
        "share_of_windows_at": {"0.1": 0.8, "0.25": 0.8, "0.5": 0.8, "0.75": 0.4, "0.9": 0.4},
    }


def test_a_report_changes_nothing(split: Split) -> None:
    same = homology_report(split, HomologyConfig())
    assert same._replace(homology=None) == split and same.homology is not None
    facts = same.homology
    assert facts["validation"]["leaking_windows"] == 3 and facts["test"]["leaking_windows"] == 0
    one, other = homology_lines(facts)
    assert one.startswith("validation: 3 of 10 windows of 1,000 bp stand in training to 50% or more")
    assert other.startswith("test: 0 of 5 windows")


def test_training_loses_what_leaking_windows_match(split: Split) -> None:
    left = homology_report(split, HomologyConfig(action="exclude-training"))
    facts = left.homology or {}
    (stretch,) = left.excluded
    assert stretch.chrom == "a" and abs(stretch.start - 20_000) < 60 and abs(stretch.end - 22_900) < 120
    assert left.train == (Interval("a", 0, stretch.start), Interval("a", stretch.end, 30_000), Interval("b", 0, 30_000))
    assert (left.validation, left.test) == (split.validation, split.test)
    assert facts["excluded_bp"] == len(stretch) and facts["after"]["validation"]["leaking_windows"] == 0
    assert homology_lines(facts)[2].startswith(f"exclude-training: {len(stretch):,} bp; then validation: 0 of 10 win")


def test_what_is_held_out_loses_its_leaking_windows(split: Split) -> None:
    left = homology_report(split, HomologyConfig(action="exclude-held-out"))
    facts = left.homology or {}
    assert left.validation == (Interval("v", 3000, 10_000),) and left.train == split.train
    assert facts["excluded_bp"] == 3000 and sum(map(len, left.excluded)) == 3000


def test_nothing_may_be_left_empty(split: Split) -> None:
    with pytest.raises(InputError, match="no sequence is left of test"):
        excluding(split, [Interval("t", 0, 5000)])
    with pytest.raises(InputError, match="no sequence is left of train"):
        excluding(split, [Interval("a", 0, 30_000), Interval("b", 0, 30_000)])
