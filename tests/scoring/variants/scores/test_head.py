"""A head for variants beside the other scores: its own windows, every row in order, read back as written."""

import numpy as np
import pytest
import torch

from dna_mamba.alphabet import encode_bases, reverse_complement
from dna_mamba.checkpoints import save_model
from dna_mamba.errors import InputError
from dna_mamba.genome import Variant
from dna_mamba.io.fasta import FastaReader
from dna_mamba.models import HeadConfig, TaskModel
from dna_mamba.scoring import score_variants
from dna_mamba.scoring.variant_files.job import ScoreJob
from dna_mamba.scoring.variant_files.read import read_scores
from dna_mamba.scoring.variants.results import to_frame
from dna_mamba.scoring.variants.scores import check_names, find_scores
from dna_mamba.scoring.variants.scores.head import HeadScore, parse_head
from tests.worlds import CONTEXT_BP, random_sequence, small_model, write_fasta, write_vcf

SEQUENCE = random_sequence(120, 5)
WINDOW_BP = 21
CLASSES = HeadConfig(
    task="variant", outputs=("benign", "a b/c"), variant_of="classification", window_bp=WINDOW_BP, pooling="center"
)
VALUE = HeadConfig(
    task="variant", outputs=("effect",), variant_of="regression", antisymmetric=True, window_bp=WINDOW_BP
)


def head_model(head=CLASSES, seed=0):
    model = TaskModel.on(small_model("post-hoc"), head).eval()
    torch.manual_seed(seed)
    with torch.no_grad():
        model.head.final.weight.normal_()
    return model


@pytest.fixture
def reference(tmp_path):
    path = write_fasta(tmp_path / "g.fa", {"c": SEQUENCE, "mirrored": reverse_complement(SEQUENCE)})
    return FastaReader(path)


@pytest.fixture
def saved(tmp_path):
    save_model(head_model(), tmp_path / "head")
    return tmp_path / "head"


def other(position):
    return "ACGT".replace(SEQUENCE[position - 1], "")[0]


def by_hand(model, position, alt):
    """Probabilities from windows cut by letters, N beyond the contig's ends."""
    flank = (WINDOW_BP - 1) // 2
    padded = "N" * flank + SEQUENCE + "N" * flank
    window = padded[position - 1 : position + 2 * flank]
    ids = [
        torch.from_numpy(model.tokenizer.encode_codes(encode_bases(letters)))[None]
        for letters in (window, window[:flank] + alt + window[flank + 1 :])
    ]
    with torch.no_grad():
        return model.answers(model.forward_pair(*ids).logits)[0].numpy()


def test_each_class_is_a_column_from_the_windows_of_the_head(reference, saved):
    variants = [Variant("c", p, SEQUENCE[p - 1], other(p)) for p in (2, 60, 119)]
    found = list(score_variants(variants, reference, small_model(), scores=["llr", f"head:{saved}"], context_bp=33))
    for variant, score in zip(variants, found, strict=True):
        assert list(score.values) == ["llr", "head_benign", "head_a_b_c"]
        expected = by_hand(head_model(), variant.pos, variant.alt)
        assert [score.values["head_benign"], score.values["head_a_b_c"]] == pytest.approx(expected.tolist(), abs=1e-5)
    frame = to_frame(found)
    assert list(frame.columns[-3:]) == ["llr", "head_benign", "head_a_b_c"]


def test_the_other_strand_gets_the_same_answer(reference):
    scores = [HeadScore(head_model(VALUE))]
    for ref, alt, pos in ((SEQUENCE[49:52], "A", 50), (SEQUENCE[9], SEQUENCE[9] + "GG", 10)):
        variant = Variant("c", pos, ref, alt)
        mirrored = Variant(
            "mirrored", len(SEQUENCE) - variant.end + 1, reverse_complement(ref), reverse_complement(alt)
        )
        here, there = score_variants([variant, mirrored], reference, small_model(), scores=scores)
        assert here.values == pytest.approx(there.values, abs=1e-5)
        assert here.values["head_effect"] != 0


def test_an_antisymmetric_head_says_nothing_of_no_change(reference):
    (found,) = score_variants(
        [Variant("c", 60, SEQUENCE[59], SEQUENCE[59])], reference, small_model(), scores=[HeadScore(head_model(VALUE))]
    )
    assert found.values == {"head_effect": 0.0}


def test_a_change_too_long_for_the_head_has_the_other_scores(reference, saved):
    deletion = Variant("c", 51, SEQUENCE[50:63], SEQUENCE[50])
    scores = ["llr", f"head:{saved}"]
    (found,) = score_variants([deletion], reference, small_model(), scores=scores, context_bp=CONTEXT_BP)
    assert set(found.values) == {"llr"}


def test_it_goes_into_a_file_and_back(reference, saved, tmp_path):
    rows = [("c", p, SEQUENCE[p - 1], f"{other(p)},*") for p in range(40, 60)] + [("gone", 5, "A", "C")]
    vcf = write_vcf(tmp_path / "in.vcf", rows)
    job = ScoreJob(vcf, reference, small_model(), scores=["llr", f"head:{saved}"], context_bp=CONTEXT_BP)
    job.run(tmp_path / "out.vcf", command="dna-mamba score")
    text = (tmp_path / "out.vcf").read_text()
    assert "ID=DM_HEAD_benign,Number=A,Type=Float" in text and "window of up to 21 bp" in text
    assert f"heads_sha256={HeadScore(saved).sha256}" in text
    found = list(read_scores(tmp_path / "out.vcf"))
    assert [str(score.status) for score in found[:2]] == ["OK", "STAR"] and str(found[-1].status) == "NO_CONTIG"
    total = sum(found[0].values[name] for name in ("head_benign", "head_a_b_c"))
    assert total == pytest.approx(1, abs=1e-5) and not found[1].values


def test_a_model_that_is_a_head_scores_alone(reference, saved, tmp_path):
    vcf = write_vcf(tmp_path / "in.vcf", [("c", 60, SEQUENCE[59], other(60))])
    job = ScoreJob(vcf, reference, saved, scores=["head"])
    assert job.context_bp == WINDOW_BP
    job.run(tmp_path / "out.vcf")
    (found,) = read_scores(tmp_path / "out.vcf")
    expected = by_hand(head_model(), 60, other(60))
    np.testing.assert_allclose(list(found.values.values()), expected, atol=1e-5)


def test_other_weights_are_another_run(reference, saved, tmp_path):
    save_model(head_model(seed=1), tmp_path / "other")
    facts = []
    for path in (saved, tmp_path / "other"):
        vcf = write_vcf(tmp_path / "in.vcf", [("c", 60, SEQUENCE[59], other(60))])
        facts.append(ScoreJob(vcf, reference, small_model(), scores=[f"head:{path}"]).provenance["heads_sha256"])
    assert facts[0] != facts[1]


def test_two_heads_are_told_apart(saved):
    with pytest.raises(InputError, match="two scores would be called DM_HEAD_benign"):
        find_scores([f"head:{saved}", HeadScore(saved)])
    columns = [column.key for score in find_scores([f"head:{saved}", f"head:x={saved}"]) for column in score.columns]
    assert columns == ["DM_HEAD_benign", "DM_HEAD_a_b_c", "DM_HEAD_x_benign", "DM_HEAD_x_a_b_c"]


def test_what_is_no_head_for_variants_is_refused(tmp_path):
    save_model(small_model(), tmp_path / "lm")
    with pytest.raises(InputError, match="language model"):
        HeadScore(tmp_path / "lm")
    sequences = HeadConfig(task="classification", outputs=("a", "b"))
    with pytest.raises(InputError, match="a head for classification says nothing of variants"):
        HeadScore(TaskModel.on(small_model(), sequences))
    with pytest.raises(InputError, match="has no path"):
        check_names(["head:"])
    assert parse_head("llr") is None
