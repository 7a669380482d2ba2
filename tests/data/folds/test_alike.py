import numpy as np
import pytest

from dna_mamba.alphabet import SOFT_MASK, reverse_complement_codes
from dna_mamba.data.folds.alike import alike_rows
from tests.data.folds.rows import mutated, random_rows

N_ROWS = 60


def pairs_found(alike, n_rows):
    """Whether row i and row n + i hold one sequence or near ones."""
    near = set(map(tuple, alike.near.tolist()))
    groups = [tuple(sorted((alike.group[row], alike.group[n_rows + row]))) for row in range(n_rows)]
    return [one == other or (one, other) in near for one, other in groups]


def test_equal_rows_and_reverse_complements_are_told_apart():
    base, other = random_rows(2, 50)
    rows = [base, other, base | SOFT_MASK, reverse_complement_codes(base)]
    alike = alike_rows(rows)
    assert alike.group.tolist() == [0, 1, 0, 0]
    assert alike.reverse.tolist() == [False, False, False, True]
    assert len(alike.near) == 0


@pytest.mark.parametrize("length", [20, 33, 41, 60, 200, 700])
@pytest.mark.parametrize("mirrored", [False, True])
def test_every_copy_with_one_base_in_20_replaced_is_found(length, mirrored):
    generator = np.random.default_rng(length)
    base = random_rows(N_ROWS, length, seed=length)
    copies = [mutated(codes, length // 20, generator) for codes in base]
    copies = [reverse_complement_codes(codes) for codes in copies] if mirrored else copies
    alike = alike_rows(base + copies + random_rows(N_ROWS, length, seed=1))
    assert all(pairs_found(alike, N_ROWS))
    assert len(alike.near) <= N_ROWS + (length <= 33)
    assert alike.identity.min() >= 0.95


@pytest.mark.parametrize("length", [60, 200, 700])
def test_copies_with_insertions_and_deletions_are_found(length):
    generator = np.random.default_rng(length)
    base = random_rows(N_ROWS, length, seed=length)
    copies = [mutated(codes, length // 20, generator, gaps=0.3) for codes in base]
    assert np.mean(pairs_found(alike_rows(base + copies), N_ROWS)) > 0.95


@pytest.mark.parametrize("length", [60, 200])
def test_copies_with_one_base_in_10_replaced_are_not(length):
    generator = np.random.default_rng(0)
    base = random_rows(N_ROWS, length)
    copies = [mutated(codes, length // 10, generator) for codes in base]
    assert len(alike_rows(base + copies).near) == 0


def test_a_row_within_a_longer_one_is_its_near_duplicate():
    (long,) = random_rows(1, 300)
    alike = alike_rows([long, reverse_complement_codes(long[100:160]), *random_rows(5, 60, seed=4)])
    assert alike.near.tolist() == [[0, 1]]
    assert alike.identity.tolist() == [1.0]


def test_rows_that_overlap_by_more_than_half_are_related():
    (long,) = random_rows(1, 400)
    alike = alike_rows([long[:200], long[60:260], long[150:350], reverse_complement_codes(long[100:300])])
    assert set(map(tuple, alike.related.tolist())) == {(0, 1), (1, 2), (1, 3), (2, 3)}
    assert len(alike.near) == 0


def test_unknown_bases_are_no_likeness():
    unknown = np.full((2, 60), 4, dtype=np.uint8)
    one, other = random_rows(2, 60)
    unknown[0, :10], unknown[1, :10] = one[:10], other[:10]
    assert len(alike_rows(list(unknown)).near) == 0


def test_short_rows_are_alike_only_when_equal():
    base = random_rows(50, 9)
    alike = alike_rows([*base, base[0]])
    assert alike.group[50] == alike.group[0]
    assert len(alike.near) == 0


def test_variants_are_alike_where_both_alleles_are():
    ref, alt, other = random_rows(3, 40)
    rows = alike_rows([ref, ref, reverse_complement_codes(ref)], [alt, other, reverse_complement_codes(alt)])
    assert rows.group.tolist() == [0, 1, 0]
    assert rows.notes


def test_what_many_rows_share_is_noted():
    (shared,) = random_rows(1, 20)
    rows = [np.concatenate([shared, codes]) for codes in random_rows(80, 20)]
    assert any("common to very many rows" in note for note in alike_rows(rows).notes)
