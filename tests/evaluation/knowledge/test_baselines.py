"""Markov baselines at single sites: what a dictionary of words says, nothing beyond ends, N or a stretch's edge."""

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dna_mamba.alphabet import encode_bases, reverse_complement
from dna_mamba.data.markov import MarkovBaselines
from dna_mamba.evaluation.knowledge import baselines as baselines_module
from dna_mamba.evaluation.knowledge.baselines import best_baselines, markov_log_p
from dna_mamba.evaluation.knowledge.sites import Chart
from dna_mamba.io.fasta import FastaReader
from tests.worlds import random_sequence, write_fasta

TRAIN = random_sequence(700, 9) + "N" + "ACGGT" * 60
UNKNOWN = "acg" + random_sequence(120, 1) + "NNR" + random_sequence(90, 2)
CONTIGS = {"a": UNKNOWN, "b": random_sequence(60, 3), "c": "AC"}


def counted(left: int, right: int) -> Counter[tuple[str, str]]:
    """Words of both strands of the training sequence, by context and base."""
    words: Counter[tuple[str, str]] = Counter()
    for strand in (TRAIN, reverse_complement(TRAIN)):
        for at in range(left, len(strand) - right):
            context, base = strand[at - left : at] + "." + strand[at + 1 : at + 1 + right], strand[at]
            words[context, base] += "N" not in context + base
    return words


def by_hand(letters: str, at: int, left: int, right: int, words: Counter[tuple[str, str]]) -> list[float]:
    context = letters[max(0, at - left) : at] + "." + letters[at + 1 : at + 1 + right]
    if len(context) < left + 1 + right or set(context) - set("ACGT."):
        return [math.log(0.25)] * 4
    seen = [words[context, base] + 0.5 for base in "ACGT"]
    return [math.log(count / sum(seen)) for count in seen]


@pytest.fixture
def genome(tmp_path: Path) -> Iterator[FastaReader]:
    with FastaReader(write_fasta(tmp_path / "g.fa", CONTIGS)) as reader:
        yield reader


@pytest.mark.parametrize(("name", "left", "right"), [("one-sided order 3", 3, 0), ("two-sided 2+2", 2, 2)])
def test_sites_get_what_a_dictionary_says(
    genome: FastaReader, monkeypatch: pytest.MonkeyPatch, name: str, left: int, right: int
) -> None:
    """All sites, and few that lie so far apart that each is read on its own."""
    monkeypatch.setattr(baselines_module, "_SITES_AT_A_TIME", 50)
    markov = MarkovBaselines([encode_bases(TRAIN)], 5)
    losses = markov.losses([encode_bases(CONTIGS["b"])])
    (baseline,) = [loss for loss in losses if loss.name == name]
    chart, words = Chart.of(genome.contigs), counted(left, right)
    n_sites = sum(map(len, CONTIGS.values()))
    for sites in (np.arange(n_sites), np.array([0, 2, 40, 122, 127, 140, 215, 216, 217, n_sites - 1])):
        found = markov_log_p(markov, baseline, genome, chart, sites)
        expected = []
        for site in sites.tolist():
            chrom = max((chrom for chrom in CONTIGS if chart.offset(chrom) <= site), key=chart.offset)
            expected.append(by_hand(CONTIGS[chrom].upper(), site - chart.offset(chrom), left, right, words))
        np.testing.assert_allclose(found, np.array(expected), rtol=1e-6)
        assert found.dtype == np.float32 and len(np.unique(found)) > 4


def test_the_best_of_each_side_is_the_one_of_least_loss() -> None:
    train, held_out = [encode_bases(TRAIN)], [encode_bases("ACGGT" * 40)]
    found = best_baselines(train, held_out)
    losses = {loss.name: loss.bits_per_base for loss in MarkovBaselines(train).losses(held_out)}
    for side, chosen in (("one-sided", found.one_sided), ("two-sided", found.two_sided)):
        ours = {name: bits for name, bits in losses.items() if name.startswith(side) and not math.isnan(bits)}
        assert chosen.name == min(ours, key=lambda name: ours[name]) and chosen.bits_per_base == min(ours.values())
    assert found.best.bits_per_base == min(bits for bits in losses.values() if not math.isnan(bits)) < 0.5
    assert found.names == [found.one_sided.name, found.two_sided.name]
