"""Groups of sequences: which are taken, held together, and embedded."""

import numpy as np
import pytest

from dna_mamba.errors import InputError, MachineError
from dna_mamba.io.fasta import FastaRecord
from dna_mamba.models.streaming import BUDGETS, Budget
from dna_mamba.scoring.embeddings import vectors
from dna_mamba.scoring.embeddings.vectors import (
    STRANDS,
    EmbeddingPlan,
    SequenceGroup,
    checked,
    embed_group,
    in_groups,
    resolve_layer,
)
from tests.worlds import MODES, random_sequence, small_model

MODEL = small_model()
PLAN = EmbeddingPlan(MODEL, 2, "mean", None, 4096, None)


def records(*lengths):
    return [FastaRecord(f"s{i}", "", random_sequence(n, seed=i).encode()) for i, n in enumerate(lengths)]


@pytest.mark.parametrize(
    ("layer", "expected"), [(None, 4), (0, 0), (4, 4), (-1, 4), (-2, 3), (-5, 0), (3, 3)]
)
def test_layers_from_either_end(layer, expected):
    assert resolve_layer(layer, 4) == expected


@pytest.mark.parametrize("layer", [5, -6, 99])
def test_no_such_layer(layer):
    with pytest.raises(InputError, match=rf"--layer: no layer {layer}; give 0 .* to 4 \(the last\), or -1 .* to -5"):
        resolve_layer(layer, 4)


@pytest.mark.parametrize("mode", MODES)
def test_what_the_numbers_are(mode):
    plan = PLAN._replace(model=small_model(mode), n_layers=1)
    said = plan.described()
    assert said["layer"] == "1 of 2, without the final norm"
    assert PLAN.described()["layer"] == "2 of 2, after the final norm"
    assert said["strands"] == STRANDS[mode] and said["pooling"] == "mean over positions"
    assert plan.both_strands == (mode in ("shared", "post-hoc"))
    assert said["config"]["reverse_complement"] == mode


def test_rows_that_are_kept_take_memory():
    assert PLAN.kept_bytes(10) == 0
    assert PLAN._replace(pool="none").kept_bytes(10) == 10 * 32 * 4
    group = SequenceGroup.of(PLAN, records(3, 5))
    assert group.row_counts(PLAN) == [1, 1] and group.row_counts(PLAN._replace(pool="none")) == [3, 5]


@pytest.mark.parametrize(("length", "is_taken"), [(40, True), (41, False)])
def test_the_longest_sequence_taken(length, is_taken):
    plan, given = PLAN._replace(max_length_bp=40), records(3, length)
    if is_taken:
        assert list(checked(plan, given)) == given
    else:
        with pytest.raises(InputError, match="sequence 's1': 41 bp is longer than the limit of 40 bp"):
            list(checked(plan, given))


def test_a_sequence_without_a_token():
    with pytest.raises(InputError, match="sequence 's1': its 0 bp are not a single token; leave it out"):
        list(checked(PLAN, records(9, 0)))
    assert len(list(checked(PLAN, records(1)))) == 1


@pytest.mark.parametrize(("length", "is_asked"), [(64, False), (65, True)])
def test_memory_is_asked_for_sequences_longer_than_a_part(monkeypatch, length, is_asked):
    monkeypatch.setitem(BUDGETS, "cpu", Budget(64, 0))
    monkeypatch.setattr("dna_mamba.models.memory.available_memory", lambda: 0)
    if is_asked:
        with pytest.raises(MachineError, match="sequence 's0' of 65 bp: about"):
            list(checked(PLAN, records(length)))
    else:
        list(checked(PLAN, records(length)))


def test_groups_are_neighbours_within_both_limits(monkeypatch):
    monkeypatch.setattr(vectors, "_WAITING", 3)
    monkeypatch.setattr(vectors, "_WAITING_BP", 50)
    given = records(5, 5, 5, 5, 60, 21, 29, 1, 2)
    groups = [[len(record.sequence) for record in group] for group in in_groups(given)]
    assert groups == [[5, 5, 5], [5, 60], [21, 29], [1, 2]]
    assert list(in_groups([])) == []


@pytest.mark.parametrize("positions", [1, 60, 4096])
@pytest.mark.parametrize("batch_size", [None, 1, 2])
def test_a_group_in_the_order_given_whatever_its_batches(positions, batch_size):
    given = records(30, 4, 17, 4)
    plan = PLAN._replace(positions=positions, batch_size=batch_size)
    told = []
    rows = embed_group(plan, SequenceGroup.of(plan, given), told.append)
    assert sum(told) == 55 and len(rows) == 4
    for row, record in zip(rows, given, strict=True):
        (alone,) = embed_group(PLAN, SequenceGroup.of(PLAN, [record]), lambda count: None)
        np.testing.assert_allclose(row, alone, atol=1e-5)


def test_batches_of_like_lengths(monkeypatch):
    shapes = []
    inner = MODEL.stream
    watched = lambda ids, *more, **how: shapes.append(tuple(ids.shape)) or inner(ids, *more, **how)  # noqa: E731
    monkeypatch.setattr(MODEL, "stream", watched)
    plan = PLAN._replace(positions=40)
    embed_group(plan, SequenceGroup.of(plan, records(30, 4, 20, 5, 20)), lambda count: None)
    assert shapes == [(2, 5), (2, 20), (1, 30)]
