"""Each score against its formula, worked out letter by letter on one strand at a time."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from dna_mamba.alphabet import reverse_complement
from dna_mamba.errors import InputError
from dna_mamba.genome import Variant
from dna_mamba.io.fasta import FastaReader
from dna_mamba.scoring import score_variants
from dna_mamba.scoring.variants.scores import SCORES, columns_of, find_scores
from tests.worlds import CADUCEUS_IDS, CONTEXT_BP, MASK_ID, random_sequence, small_model, write_fasta

SEQUENCE = random_sequence(30, seed=1) + "CACACACA" + random_sequence(32, seed=2)
ALL = tuple(SCORES)
INSERTION = Variant("c", 36, SEQUENCE[35], SEQUENCE[35] + "CA" if SEQUENCE[35] == "A" else SEQUENCE[35] + "AC")
CASES = {
    "substitution": Variant("c", 20, SEQUENCE[19], "ACGT".replace(SEQUENCE[19], "")[1]),
    "several bases": Variant("c", 20, SEQUENCE[19:22], reverse_complement(SEQUENCE[19:22])[::-1]),
    "deletion in a repeat": Variant("c", 33, SEQUENCE[32:35], SEQUENCE[32]),
    "insertion in a repeat": INSERTION,
    "insertion": Variant("c", 12, SEQUENCE[11], SEQUENCE[11] + "ACCGT"),
    "complex": Variant("c", 50, SEQUENCE[49:52], "ACCGTTA"),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    path = tmp_path_factory.mktemp("genome") / "g.fa"
    write_fasta(path, {"c": SEQUENCE, "mirrored": reverse_complement(SEQUENCE)})
    return FastaReader(path), small_model("post-hoc")


def score(world, variant, names=ALL, context_bp=CONTEXT_BP):
    (found,) = score_variants([variant], *world, scores=names, context_bp=context_bp)
    return found


def stretch(variant):
    """The widest stretch that any placement of the change touches: found by trying all of them."""
    changed = SEQUENCE[: variant.start] + variant.alt + SEQUENCE[variant.end :]
    prefix = next(i for i in range(len(SEQUENCE)) if SEQUENCE[i] != changed[i])
    suffix = next(i for i in range(len(SEQUENCE)) if SEQUENCE[-1 - i] != changed[-1 - i])
    first = min(prefix, len(SEQUENCE) - suffix, len(changed) - suffix)
    last = max(prefix, len(SEQUENCE) - suffix, prefix + len(SEQUENCE) - len(changed))
    return first, last, changed[first : last + len(changed) - len(SEQUENCE)]


def windows(variant, context_bp=CONTEXT_BP):
    first, last, alt = stretch(variant)
    ref = SEQUENCE[first:last]
    flank = (context_bp - max(len(ref), len(alt))) // 2
    left, right = SEQUENCE[max(0, first - flank) : first], SEQUENCE[last : last + flank]
    return left, ref, alt, right


def one_strand(model, ids):
    with torch.no_grad():
        hidden = model.encoder(torch.tensor([ids]))[0]
        return hidden, F.linear(hidden, model.encoder.embedding.weight)


def read(model, letters, masked=None):
    """Hidden states and ln p over ACGT, both strands averaged by hand."""
    ids = [CADUCEUS_IDS[x] for x in letters]
    other = [CADUCEUS_IDS[x] for x in reverse_complement(letters)]
    if masked is not None:
        ids[masked] = other[len(ids) - 1 - masked] = MASK_ID
    (a, a_logits), (b, b_logits) = one_strand(model, ids), one_strand(model, other)
    logits = (a_logits[:, [7, 8, 9, 10]] + b_logits.flip(0)[:, [10, 9, 8, 7]]) / 2
    return ((a + b.flip(0)) / 2).numpy(), torch.log_softmax(logits, -1).numpy()


def pseudo_log_likelihood(model, left, allele, right):
    letters = left + allele + right
    rows = [read(model, letters, masked=i)[1][i] for i in range(len(left), len(left) + len(allele))]
    return sum(row["ACGT".index(x)] + np.log(4) for row, x in zip(rows, allele, strict=True))


@pytest.mark.parametrize("name", CASES)
def test_masked_llr(world, name):
    left, ref, alt, right = windows(CASES[name])
    expected = pseudo_log_likelihood(world[1], left, alt, right) - pseudo_log_likelihood(world[1], left, ref, right)
    assert score(world, CASES[name]).llr == pytest.approx(expected, abs=2e-5)


@pytest.mark.parametrize("name", CASES)
def test_unmasked_scores(world, name):
    model, found = world[1], score(world, CASES[name]).values
    left, ref, alt, right = windows(CASES[name])
    (ref_hidden, ref_p), (alt_hidden, alt_p) = (read(model, left + x + right) for x in (ref, alt))
    if len(ref) == len(alt) == 1:
        expected = ref_p[len(left), "ACGT".index(alt)] - ref_p[len(left), "ACGT".index(ref)]
    else:
        expected = sum(alt_p[len(left) + i, "ACGT".index(x)] + np.log(4) for i, x in enumerate(alt))
        expected -= sum(ref_p[len(left) + i, "ACGT".index(x)] + np.log(4) for i, x in enumerate(ref))
    assert found["wt_llr"] == pytest.approx(expected, abs=2e-5)
    difference = alt_hidden.mean(0) - ref_hidden.mean(0)
    assert found["l2"] == pytest.approx(np.sqrt((difference**2).sum()), abs=1e-5)
    near = [hidden[max(0, len(left) - 8) : len(left) + len(x) + 8].mean(0) for hidden, x in
            ((ref_hidden, ref), (alt_hidden, alt))]  # fmt: skip
    cosine = 1 - near[0] @ near[1] / np.sqrt((near[0] @ near[0]) * (near[1] @ near[1]))
    assert found["local_cosine"] == pytest.approx(cosine, abs=1e-5)
    odds = [np.concatenate([p[: len(left)], p[len(p) - len(right) :]]) for p in (ref_p, alt_p)]
    odds = [p.astype(np.float64) for p in odds]
    odds = [np.stack([row - np.log(sum(np.exp(p.T[j]) for j in range(4) if j != i)) for i, row in enumerate(p.T)])
            for p in odds]  # fmt: skip
    assert found["influence"] == pytest.approx(np.abs(odds[1] - odds[0]).max(0).mean(), abs=1e-4)


@pytest.mark.parametrize("name", CASES)
def test_entropy(world, name):
    left, ref, _, right = windows(CASES[name])
    found = score(world, CASES[name]).values
    if not ref:
        assert "entropy" not in found
        return
    rows = [read(world[1], left + ref + right, masked=i)[1][i] for i in range(len(left), len(left) + len(ref))]
    assert found["entropy"] == pytest.approx(np.mean([-(np.exp(row) * row).sum() for row in rows]), abs=1e-5)
    assert 0 <= found["entropy"] <= np.log(4) + 1e-6


@pytest.mark.parametrize("name", CASES)
def test_the_other_strand_scores_the_same(world, name):
    variant = CASES[name]
    mirrored = Variant(
        "mirrored", len(SEQUENCE) - variant.end + 1, reverse_complement(variant.ref), reverse_complement(variant.alt)
    )
    here, there = score(world, variant).values, score(world, mirrored).values
    assert here.keys() == there.keys()
    assert list(here.values()) == pytest.approx(list(there.values()), abs=2e-5)


def test_spellings_of_a_deletion_score_the_same(world):
    one = Variant("c", 33, SEQUENCE[32:35], SEQUENCE[32])
    others = [Variant("c", p, SEQUENCE[p - 1 : p + 2], SEQUENCE[p - 1]) for p in (31, 32, 34, 35)]
    same = [v for v in others if SEQUENCE[: v.pos] + SEQUENCE[v.pos + 2 :] == SEQUENCE[:33] + SEQUENCE[35:]]
    assert len(same) >= 2
    for other in same:
        assert score(world, other).values == score(world, one).values


def test_no_change_scores_nothing(world):
    found = score(world, Variant("c", 20, SEQUENCE[19:22], SEQUENCE[19:22])).values
    assert found["llr"] == found["wt_llr"] == found["l2"] == found["influence"] == 0


def test_unknown_scores_are_refused():
    with pytest.raises(InputError, match="unknown score 'lrl'; choose from llr, wt-llr"):
        find_scores(["lrl"])
    with pytest.raises(InputError, match="no scores"):
        find_scores([])


def test_columns_have_names_of_their_own():
    columns = columns_of(list(SCORES.values()))
    assert len({c.name for c in columns}) == len({c.key for c in columns}) == len(columns)
    assert all('"' not in c.description for c in columns)
