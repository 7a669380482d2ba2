"""Canonical k-mers and sketches, against reading k-mers letter by letter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dna_mamba.alphabet import encode_bases, reverse_complement, reverse_complement_codes
from dna_mamba.data import sketches
from dna_mamba.data.sketches import containment, families, kmers_of, mix, sketch_of


def by_letters(sequence: str, k: int) -> list[tuple[int, int, bool]]:
    """Hash, position and strand of every k-mer of ACGT."""
    found = []
    for start in range(len(sequence) - k + 1):
        word = sequence[start : start + k].upper()
        if set(word) <= set("ACGT"):
            canonical = min(word, reverse_complement(word))
            value = 0
            for letter in canonical:
                value = value * 4 + "ACGT".index(letter)
            found.append((int(mix(np.array([value], dtype=np.uint64))[0]), start, canonical != word))
    return found


@given(st.text("ACGTacgtNR", max_size=80), st.sampled_from([1, 3, 5, 15, 21, 31]))
def test_kmers_against_letters(sequence: str, k: int) -> None:
    kmers = kmers_of(encode_bases(sequence), k)
    found = zip(kmers.hashes.tolist(), kmers.positions.tolist(), kmers.reverse.tolist(), strict=True)
    assert list(found) == by_letters(sequence, k)


def test_blocks_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = np.random.default_rng(0).integers(0, 5, 2000).astype(np.uint8)
    codes[codes == 4] = np.where(np.arange((codes == 4).sum()) % 9, 0, 4)
    whole = kmers_of(codes, 21)
    monkeypatch.setattr(sketches, "_BLOCK", 37)
    for one, other in zip(whole, kmers_of(codes, 21), strict=True):
        assert len(one) > 500 and np.array_equal(one, other)


def test_one_in_so_many_is_kept_whatever_the_strand() -> None:
    codes = np.random.default_rng(1).integers(0, 4, 50_000).astype(np.uint8)
    every, some = sketch_of(codes, 21), sketch_of(codes, 21, scaled=10)
    assert np.array_equal(some, every[every < 2**64 // 10]) and abs(len(some) / len(every) - 0.1) < 0.01
    assert np.array_equal(some, sketch_of(reverse_complement_codes(codes), 21, scaled=10))


def test_hashes_are_one_to_one_and_even() -> None:
    hashes = mix(np.arange(1 << 16, dtype=np.uint64))
    assert len(np.unique(hashes)) == 1 << 16
    counts = np.bincount((hashes >> np.uint64(60)).astype(int), minlength=16)
    assert np.abs(counts - 4096).max() < 350


def test_containment() -> None:
    rng = np.random.default_rng(2)
    one, other = (rng.integers(0, 4, 3000).astype(np.uint8) for _ in range(2))
    joined = sketch_of(np.concatenate([one, other]), 21)
    assert containment(sketch_of(one, 21), joined) == 1.0
    assert containment(joined, sketch_of(one, 21)) == pytest.approx(0.5, abs=0.02)
    assert containment(sketch_of(one, 21), sketch_of(other, 21)) == 0.0
    assert containment(joined[:0], joined) == 0.0


def test_shared_kmers_tell_identity() -> None:
    rng = np.random.default_rng(3)
    one = rng.integers(0, 4, 200_000).astype(np.uint8)
    other = np.where(rng.random(len(one)) < 0.05, (one + rng.integers(1, 4, len(one))) % 4, one).astype(np.uint8)
    assert containment(sketch_of(one, 21), sketch_of(other, 21)) ** (1 / 21) == pytest.approx(0.95, abs=0.003)


@pytest.mark.parametrize("k", [0, 2, 20, 33])
def test_k_is_odd_and_fits(k: int) -> None:
    with pytest.raises(ValueError, match="odd and at most 31"):
        kmers_of(np.zeros(50, dtype=np.uint8), k)


def related(one: str, other: str, k: int, share: float) -> bool:
    """By sets of canonical k-mers."""
    sets = [{found[0] for found in by_letters(sequence, k)} for sequence in (one, other)]
    least = min(map(len, sets))
    return least > 0 and len(sets[0] & sets[1]) >= share * least


@given(
    st.lists(st.sampled_from(["ACGTACCA", "TTGACC", "GGTCAACT", "AAAAAA", "TTTTTTTT", "AC", "CAGTCAGGA"]), max_size=9),
    st.sampled_from([0.2, 0.5, 1.0]),
    st.booleans(),
)
def test_families_against_walking_all_pairs(sequences: list[str], share: float, one_by_one: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if one_by_one:
            patch.setattr(sketches, "_MOST_PAIRS", 1)
        found = families((encode_bases(sequence) for sequence in sequences), k=3, share=share)
    expected: list[int] = list(range(len(sequences)))
    for _ in sequences:
        for i, one in enumerate(sequences):
            for j, other in enumerate(sequences):
                if related(one, other, 3, share):
                    expected[i] = expected[j] = min(expected[i], expected[j])
    firsts = sorted(set(expected))
    assert found.tolist() == [firsts.index(label) for label in expected]


def test_mutated_copies_on_either_strand_are_one_family() -> None:
    rng = np.random.default_rng(7)
    parents = rng.integers(0, 4, (40, 200)).astype(np.uint8)
    copies = np.where(rng.random(parents.shape) < 0.02, (parents + 1) % 4, parents).astype(np.uint8)
    mirrored = [reverse_complement_codes(codes) for codes in copies]
    numbers = families([*parents, *mirrored, parents[0, :10]], k=15, share=0.3)
    assert numbers.tolist() == [*range(40), *range(40), 40]
