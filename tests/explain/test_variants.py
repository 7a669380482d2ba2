"""Alleles: the score that is explained is the one that ``score`` gives, and its attributions add up to it."""

import numpy as np
import pytest
import torch

from dna_mamba.alphabet import encode_bases, reverse_complement
from dna_mamba.errors import InputError
from dna_mamba.explain import ExplainedVariants, Explaining
from dna_mamba.explain.attribute import attribute
from dna_mamba.genome import Variant
from dna_mamba.scoring import score_variants
from tests.explain.worlds import exact_model, task_model
from tests.worlds import random_sequence, write_fasta, write_vcf

CONTEXT_BP = 17
SEQUENCE = random_sequence(60, 8)
ROWS = [
    ("c", 30, SEQUENCE[29], "A" if SEQUENCE[29] != "A" else "C"),
    ("c", 3, SEQUENCE[2], "G" if SEQUENCE[2] != "G" else "T"),
    ("c", 40, SEQUENCE[39:42], SEQUENCE[39]),
    ("c", 20, SEQUENCE[19], SEQUENCE[19] + "GA"),
    ("c", 50, SEQUENCE[49], "<DEL>"),
    ("other", 1, "A", "C"),
]


@pytest.fixture
def files(tmp_path):
    write_fasta(tmp_path / "genome.fa", {"c": SEQUENCE})
    return write_vcf(tmp_path / "in.vcf", ROWS), tmp_path / "genome.fa"


def explained(files, model, how=None, **options):
    source = ExplainedVariants(*files, model, context_bp=CONTEXT_BP, **options)
    return attribute(model, list(source.items()), how or Explaining(n_steps=64))


@pytest.mark.parametrize(("mode", "kind"), [("post-hoc", "llr"), ("shared", "wt-llr")])
def test_the_score_is_that_of_score_and_attributions_add_up(files, mode, kind):
    model = exact_model(mode)
    found = explained(files, model, likelihood=kind)
    scored = score_variants(
        [Variant(*row) for row in ROWS], files[1], model.float(), scores=[kind], context_bp=CONTEXT_BP
    )
    for one, expected in zip(found, scored, strict=True):
        assert one.item.status == expected.status
        if not expected.is_scored:
            assert len(one.values_L5) == 0
            continue
        np.testing.assert_allclose(one.score, expected.values[kind.replace("-", "_")], atol=2e-5)
        np.testing.assert_allclose(one.gap, 0, atol=2e-4)
        assert np.abs(one.values_L5[one.item.parts == 0, 0]).max() > 1e-4


def test_a_masked_base_counts_nothing_and_one_that_is_seen_does(files):
    model = exact_model()
    for kind, is_seen in (("llr", False), ("wt-llr", True)):
        substitution = explained(files, model, Explaining("input-x-gradient"), likelihood=kind)[0]
        ref, alt = (substitution.values_L5[substitution.item.parts == part, 0] for part in (1, 2))
        assert (ref != 0).all() == is_seen
        np.testing.assert_array_equal(alt, 0)  # the alternative's window is not read for a substitution


def test_positions_are_those_of_the_genome(files):
    substitution, edge, deletion, insertion = explained(files, exact_model(), Explaining("input-x-gradient"))[:4]
    for one in (substitution, edge, deletion):
        on_genome = one.item.parts != 2
        codes = encode_bases(SEQUENCE)[one.item.positions[on_genome]]
        np.testing.assert_array_equal(one.item.codes[on_genome], codes)
    assert edge.item.status == "EDGE_PADDED"
    assert substitution.item.positions[substitution.item.parts == 2].tolist() == [29]
    assert (np.diff(insertion.item.positions[insertion.item.parts == 0]) > 0).all()


def test_the_other_strand_of_the_genome_has_the_mirror_image(files, tmp_path):
    model, how = exact_model("shared"), Explaining("input-x-gradient")
    there = explained(files, model, how)[0]
    write_fasta(tmp_path / "back.fa", {"c": reverse_complement(SEQUENCE)})
    chrom, pos, ref, alt = ROWS[0]
    rows = [(chrom, 61 - pos, reverse_complement(ref), reverse_complement(alt))]
    (back,) = explained((write_vcf(tmp_path / "back.vcf", rows), tmp_path / "back.fa"), model, how)
    np.testing.assert_allclose(there.score, back.score, atol=1e-9)
    flank = there.item.parts == 0
    np.testing.assert_allclose(there.values_L5[flank, 0], back.values_L5[back.item.parts == 0, 0][::-1], atol=1e-7)


@pytest.mark.parametrize("head", [{"variant_of": "classification"}, {"variant_of": "regression"}])
def test_a_head_for_variants(files, head):
    model = task_model(task="variant", **head)
    found = explained(files, model, target="b")
    for one in found[:4]:
        assert one.gap_share < 1e-3
        assert (one.values_L5[one.item.parts != 0, 0] != 0).all()
    window = SEQUENCE[21:38]
    alt = window[:8] + ROWS[0][3] + window[9:]
    ids = [torch.from_numpy(model.tokenizer.encode(sequence))[None] for sequence in (window, alt)]
    logits_K = model.forward_pair(*ids).logits[0].detach()
    p = float(model.answers(logits_K)[1])
    expected = np.log(p / (1 - p)) if head["variant_of"] == "classification" else p
    np.testing.assert_allclose(found[0].score, expected, atol=1e-9)


def test_mutants_of_a_window_change_both_alleles(files):
    (one, *_) = explained(files, task_model(task="variant", variant_of="regression"), Explaining("ism"), target="a")
    assert (np.abs(one.values_L5[one.item.parts == 0, 1:]).max(axis=1) > 0).all()


def test_models_that_say_nothing_of_variants_are_refused(files):
    with pytest.raises(InputError, match=r"is a model with a head for classification .*says nothing of variants"):
        ExplainedVariants(*files, task_model())
    with pytest.raises(InputError, match="a language model has no targets"):
        ExplainedVariants(*files, exact_model(), target="a")
