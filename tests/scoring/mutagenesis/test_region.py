"""Saturation mutagenesis against the variant scores, against whole passes, and on the other strand."""

import numpy as np
import pytest
import torch

from dna_mamba.alphabet import reverse_complement
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.io.fasta import FastaReader
from dna_mamba.models.streaming import BUDGETS, Budget
from dna_mamba.scoring import saturation_mutagenesis, saturation_mutagenesis_of_sequence, score_variants
from tests.worlds import CONTEXT_BP, MODES, every_substitution, random_sequence, small_model, write_fasta

SEQUENCE = random_sequence(90)
MIRRORED = reverse_complement(SEQUENCE)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    path = tmp_path_factory.mktemp("genome") / "g.fa"
    return FastaReader(write_fasta(path, {"c": SEQUENCE, "m": MIRRORED, "n": SEQUENCE[:20] + "NnR" + SEQUENCE[23:]}))


@pytest.mark.parametrize("mode", MODES)
def test_the_numbers_of_variant_scores(reference, mode):
    model = small_model(mode)
    result = saturation_mutagenesis("c:1-90", reference, model, context_bp=CONTEXT_BP, batch_size=7)
    expected = score_variants(every_substitution("c", SEQUENCE, range(1, 91)), reference, model, context_bp=CONTEXT_BP)
    table = result.columns()
    rows = list(zip(table["pos"], table["ref"], table["alt"], table["llr"], strict=True))
    assert len(rows) == 270
    for (pos, ref, alt, llr), score in zip(rows, expected, strict=True):
        assert (pos, ref, alt) == (score.variant.pos, score.variant.ref, score.variant.alt)
        assert llr == pytest.approx(score.llr, abs=1e-5)


def test_one_region_is_part_of_the_whole(reference):
    whole, part = (
        saturation_mutagenesis(region, reference, small_model(), context_bp=CONTEXT_BP)
        for region in ("c", Interval("c", 30, 41))
    )
    assert (part.start, part.sequence) == (30, SEQUENCE[30:41])
    np.testing.assert_allclose(part.llr, whole.llr[30:41], atol=1e-5)


@pytest.mark.parametrize("mode", MODES)
def test_without_masks_against_one_pass(reference, mode, monkeypatch):
    """The region and half the context beyond each end, whatever part of it is in memory at a time."""
    model, flank = small_model(mode), (CONTEXT_BP - 1) // 2
    monkeypatch.setitem(BUDGETS, "cpu", Budget(16, 0))
    result = saturation_mutagenesis("c:21-75", reference, model, scores="wt-llr", context_bp=CONTEXT_BP)
    ids = model.tokenizer.encode(SEQUENCE[20 - flank : 75 + flank])
    with torch.no_grad():
        logits = model.both_strands(torch.from_numpy(ids)[None]).logits[0, flank : flank + 55, 7:11]
    np.testing.assert_allclose(result.log_probabilities, torch.log_softmax(logits, -1).numpy(), atol=1e-5)


@pytest.mark.parametrize("scores", ["llr", "wt-llr"])
@pytest.mark.parametrize("mode", MODES)
def test_the_other_strand(reference, mode, scores):
    model = small_model(mode)
    here, there = (
        saturation_mutagenesis(region, reference, model, scores=scores, context_bp=CONTEXT_BP)
        for region in ("c:11-85", "m:6-80")
    )
    np.testing.assert_allclose(here.llr, there.llr[::-1, ::-1], atol=1e-5)
    np.testing.assert_allclose(here.entropy, there.entropy[::-1], atol=1e-5)


@pytest.mark.parametrize("scores", ["llr", "wt-llr"])
def test_a_sequence_of_its_own_is_a_contig(reference, scores):
    model, advanced = small_model(), []
    alone = saturation_mutagenesis_of_sequence(SEQUENCE.lower(), model, scores=scores, context_bp=CONTEXT_BP)
    contig = saturation_mutagenesis(
        "c", reference, model, scores=scores, context_bp=CONTEXT_BP, advance=advanced.append
    )
    assert sum(advanced) == 90 and alone.sequence == contig.sequence == SEQUENCE
    np.testing.assert_allclose(alone.llr, contig.llr, atol=1e-5)


def test_n_in_the_reference_is_predicted_but_has_no_llr(reference):
    result = saturation_mutagenesis("n:20-24", reference, small_model(), context_bp=CONTEXT_BP)
    assert result.sequence == f"{SEQUENCE[19]}NNN{SEQUENCE[23]}"
    assert np.isnan(result.llr).all(axis=1).tolist() == [False, True, True, True, False]
    np.testing.assert_allclose(np.exp(result.log_probabilities).sum(1), 1, atol=1e-5)


def test_mistakes(reference):
    model = small_model()
    for region, hint in ((Interval("c", 80, 91), "ends past c"), (Interval("c", 5, 5), "holds no base")):
        with pytest.raises(InputError, match=hint):
            saturation_mutagenesis(region, reference, model)
    with pytest.raises(InputError, match="no scores 'odds'"):
        saturation_mutagenesis("c", reference, model, scores="odds")
    with pytest.raises(InputError, match="empty"):
        saturation_mutagenesis_of_sequence("", model)
    with torch.no_grad():
        model.encoder.norm.weight[0] = float("nan")
    with pytest.raises(InputError, match="not finite"):
        saturation_mutagenesis("c:1-5", reference, model, scores="wt-llr")
