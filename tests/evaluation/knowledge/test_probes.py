"""Probes find what is there, nothing where there is nothing, and do not learn their groups by heart."""

import numpy as np
import pytest
import torch

from dna_mamba.evaluation.knowledge.probe_features import hidden_states, read_windows, untrained, word_counts
from dna_mamba.evaluation.knowledge.probe_sites import ProbeSites
from dna_mamba.evaluation.knowledge.probes import ProbeQuestion, ProbeResult, probe, questions
from tests.evaluation.knowledge.conftest import Planned
from tests.worlds import small_model


def made_up(n: int = 300, n_groups: int = 30) -> ProbeSites:
    rows = np.arange(n)
    return ProbeSites([], rows, rows, rows % 3, np.where(rows % 2, 1, -1), rows * n_groups // n)


def test_a_probe_reads_what_is_there_and_no_more() -> None:
    sites = made_up()
    noise = np.random.default_rng(0).normal(size=(300, 12)).astype(np.float32)
    told = noise + 4 * np.eye(12, dtype=np.float32)[sites.codon_position]
    features = {"told": (told, told), "noise": (noise, noise)}
    found = probe(questions(sites)[0], sites, features, n_resamples=100, seed=0)
    assert isinstance(found, ProbeResult)
    assert found.accuracy["told"].value > 0.97 and abs(found.accuracy["noise"].value - 1 / 3) < 0.1
    assert found.chance == pytest.approx(1 / 3) and found.ahead.low > 0.4
    assert found.accuracy["noise"].low < found.accuracy["noise"].value < found.accuracy["noise"].high


def test_what_only_names_the_group_is_no_help() -> None:
    """A label shared by a group: features that name the group would give it away if groups were split."""
    sites = made_up()
    label = np.random.default_rng(1).permutation(np.arange(30) % 2)[sites.group]
    names = np.eye(30, dtype=np.float32)[sites.group]
    question = ProbeQuestion("x", np.arange(300), label, on_sense=False)
    found = probe(question, sites, {"a": (names, names), "b": (names, names)}, n_resamples=20, seed=0)
    assert isinstance(found, ProbeResult) and found.accuracy["a"].value < 0.65
    few = sites._replace(group=sites.group // 10)
    assert probe(question, few, {"a": (names, names)}, n_resamples=5, seed=0) == (
        "3 stretches of sequence, and 5 are needed"
    )
    one = question._replace(label=np.zeros(300, dtype=np.int64))
    assert str(probe(one, sites, {}, n_resamples=5, seed=0)).startswith("1 classes")


def test_sites_are_what_the_genome_has(planned: Planned) -> None:
    sites, painted = planned.plan.probes, planned.plan.held.painted["chr1"]
    positions = np.array([sites.windows[w][1] for w in sites.window]) + sites.offset
    assert (painted.strand[positions] == sites.strand).all() and 0 < len(positions) <= 200
    assert (painted.kind[positions][sites.strand != 0] - 1 == sites.codon_position[sites.strand != 0]).all()
    gene = painted.gene[positions]
    for index in set(gene[gene >= 0].tolist()):
        assert len(set(sites.group[gene == index].tolist())) == 1


def test_hidden_states_on_either_strand(planned: Planned) -> None:
    sites, model = planned.plan.probes, small_model()
    windows = read_windows(sites, planned.genome)
    forward, sense = hidden_states(model, windows, sites, batch_size=3)
    for row in (*np.flatnonzero(sites.strand < 0)[:2], *np.flatnonzero(sites.strand > 0)[:2]):
        codes, offset = windows[sites.window[row]], int(sites.offset[row])
        with torch.inference_mode():
            ids = torch.from_numpy(model.tokenizer.encode_codes(codes))[None]
            np.testing.assert_allclose(forward[row], model.both_strands(ids).hidden[0, offset], atol=1e-4)
            if sites.strand[row] < 0:
                ids = torch.from_numpy(model.tokenizer.encode_codes(3 - codes[::-1]))[None]
                offset = len(codes) - 1 - offset
            np.testing.assert_allclose(sense[row], model.both_strands(ids).hidden[0, offset], atol=1e-4)


def test_word_counts_tell_the_frame_only_if_asked(planned: Planned) -> None:
    sites = planned.plan.probes
    windows = read_windows(sites, planned.genome)
    (plain, _), (framed, sense) = (word_counts(windows, sites, n) for n in (1, 3))
    assert plain.shape[1] == 84 and framed.shape[1] == 212
    np.testing.assert_allclose(framed[:, :192].reshape(-1, 3, 64).sum(1), plain[:, :64], atol=1e-6)
    np.testing.assert_array_equal(sense[sites.strand >= 0], framed[sites.strand >= 0])
    row = int(np.flatnonzero(sites.strand < 0)[0])
    base = windows[sites.window[row]][sites.offset[row]]
    assert sense[row, 192:].reshape(5, 4)[2].argmax() == 3 - base


def test_an_untrained_model_has_the_shape_and_not_the_weights() -> None:
    model = small_model()
    before = torch.random.get_rng_state()
    fresh, again = untrained(model, 5), untrained(model, 5)
    assert torch.equal(before, torch.random.get_rng_state()) and fresh.config == model.config
    assert torch.equal(fresh.encoder.embedding.weight, again.encoder.embedding.weight)
    assert not torch.equal(fresh.encoder.embedding.weight, model.encoder.embedding.weight)
