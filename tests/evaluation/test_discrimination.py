"""AUROC against scikit-learn, its interval over genes, and its strata."""

import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from dna_mamba.evaluation.discrimination import Auroc, Comparison, auroc, compare, gene_weights, resampled_auroc, strata
from dna_mamba.evaluation.substitutions import MISSENSE, NONSENSE, SYNONYMOUS, Substitutions


def test_auroc_against_scikit_learn() -> None:
    generator = np.random.default_rng(1)
    n = 200
    label, stratum = generator.integers(0, 2, n), generator.integers(0, 3, n)
    score, weights = np.round(generator.normal(size=n), 1), generator.integers(0, 4, (5, n)).astype(float)
    overall = resampled_auroc(np.zeros(n, int), label, score, weights)
    np.testing.assert_allclose(overall, [roc_auc_score(label, score, sample_weight=w) for w in weights])
    for weight, got in zip(weights, resampled_auroc(stratum, label, score, weights), strict=True):
        strata = [np.nonzero(stratum == s)[0] for s in range(3)]
        pairs = [weight[r][label[r] == 1].sum() * weight[r][label[r] == 0].sum() for r in strata]
        each = [roc_auc_score(label[r], score[r], sample_weight=weight[r]) for r in strata]
        assert got == pytest.approx(np.average(each, weights=pairs))
    assert np.isnan(resampled_auroc(label, label, score, weights)).all()


def test_genes_are_drawn_whole() -> None:
    gene = np.array(["a", "b", "a", "c", "b"])
    weights = gene_weights(gene, 50, 0)
    assert (weights[:, 0] == weights[:, 2]).all() and (weights[:, 1] == weights[:, 4]).all()
    assert (weights[:, [0, 1, 3]].sum(1) == 3).all() and len(np.unique(weights, axis=0)) > 5


def test_the_value_is_that_of_every_substitution_once() -> None:
    generator = np.random.default_rng(2)
    label, stratum = generator.integers(0, 2, 300), generator.integers(0, 4, 300)
    score = np.round(generator.normal(size=300) + label, 1)
    once = np.ones((1, 300))
    for of in (np.zeros(300, int), stratum):
        assert auroc(of, label, score) == pytest.approx(resampled_auroc(of, label, score, once)[0], abs=1e-12)
    assert auroc(np.zeros(300, int), label, score) > 0.6
    assert math.isnan(auroc(label, label, score))


def rows(consequence: list[int], gene: list[str]) -> Substitutions:
    """Substitutions that are alike but for their class and gene."""
    n = len(consequence)
    ints = {name: np.zeros(n, int) for name in Substitutions._fields if name not in ("chrom", "gene", "consequence")}
    return Substitutions(chrom=np.full(n, "c"), gene=np.array(gene), consequence=np.array(consequence), **ints)


def test_a_comparison_takes_two_classes_only() -> None:
    some = rows([SYNONYMOUS, MISSENSE, NONSENSE, SYNONYMOUS, NONSENSE], list("abcde"))
    chosen, label = Comparison.against_synonymous(some, NONSENSE)
    assert chosen.tolist() == [0, 2, 3, 4] and label.tolist() == [0, 1, 0, 1]
    assert Comparison.against_synonymous(some, MISSENSE).label.tolist() == [0, 1, 0]


def test_a_predictor_that_knows_and_one_that_does_not() -> None:
    generator = np.random.default_rng(3)
    some = rows(generator.choice([SYNONYMOUS, NONSENSE], 200).tolist(), [f"g{i % 20}" for i in range(200)])
    knows = (some.consequence == NONSENSE) + 0.0
    scores = {"knows": knows, "constant": np.zeros(200), "noise": generator.normal(size=200)}
    found = compare(some, scores, Comparison.against_synonymous(some), n_resamples=100, seed=1)["overall"]
    assert found["knows"] == Auroc(1, 1, 1) and found["constant"] == Auroc(0.5, 0.5, 0.5)
    assert found["noise"].low < found["noise"].value < found["noise"].high
    assert found == compare(some, scores, Comparison.against_synonymous(some), n_resamples=100, seed=1)["overall"]
    without = compare(some, scores, Comparison.against_synonymous(some), n_resamples=0, seed=1)["overall"]["knows"]
    assert without.value == 1 and math.isnan(without.low) and math.isnan(without.high)


def test_strata_tell_apart_type_and_place() -> None:
    some = rows([SYNONYMOUS] * 3, list("abc"))._replace(
        sense_ref=np.array([0, 1, 0]), sense_alt=np.array([1, 0, 1]), codon_position=np.array([0, 0, 2])
    )
    same = {name: [a == b for a, b in ((x[0], x[1]), (x[0], x[2]))] for name, x in strata(some).items()}
    assert same == {
        "overall": [True, True],
        "same type": [False, True],
        "same codon position": [True, False],
        "same type and codon position": [False, False],
    }
