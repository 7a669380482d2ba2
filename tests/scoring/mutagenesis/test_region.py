"""Saturation mutagenesis against the variant scores, against whole passes, and on the other strand."""

import numpy as np
import pytest
import torch

from dna_mamba.alphabet import encode_bases, reverse_complement
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.io.fasta import FastaReader
from dna_mamba.models.streaming import BUDGETS, Budget
from dna_mamba.scoring import saturation_mutagenesis, saturation_mutagenesis_of_sequence, score_variants
from dna_mamba.scoring.mutagenesis.table import COLUMNS, Mutagenesis, table_header, table_rows
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


def by_hand():
    return Mutagenesis("c", 9, encode_bases("aN"), np.log(np.array([[0.7, 0.1, 0.1, 0.1], [0.25] * 4], np.float32)))


def test_llr_and_entropy_by_hand():
    result = by_hand()
    np.testing.assert_allclose(result.llr[0], [0, *[np.log(1 / 7)] * 3], atol=1e-6)
    assert np.isnan(result.llr[1]).all()
    expected = [-(0.7 * np.log(0.7) + 0.3 * np.log(0.1)), np.log(4)]
    np.testing.assert_allclose(result.entropy, expected, atol=1e-6)


def test_the_table():
    rows = [row.split("\t") for row in table_rows(by_hand())]
    assert [row[:4] for row in rows] == [
        *(["c", "10", "A", alt] for alt in "CGT"),
        *(["c", "11", "N", alt] for alt in "ACGT"),
    ]
    assert [float(x) for x in rows[0][4:]] == pytest.approx([np.log(1 / 7), 0.7, 0.1, 0.9404479], abs=1e-6)
    assert rows[3][4:7] == [".", ".", "0.25"]
    *said, names = table_header("llr", 256)
    assert names == "#" + "\t".join(COLUMNS)
    assert "255 bp" in said[1] and "nats" in said[1] and "below 0: alt less likely" in said[1]


def test_a_data_frame(monkeypatch):
    pandas = pytest.importorskip("pandas")
    frame = by_hand().to_frame()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == list(COLUMNS) and frame["llr"].isna().sum() == 4
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(InputError, match=r"dna-mamba\[tables\]"):
        by_hand().to_frame()


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
