"""Scores against brute force, and what they must not depend on."""

from itertools import count, islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dna_mamba.alphabet import reverse_complement
from dna_mamba.checkpoints import save_model
from dna_mamba.errors import InputError
from dna_mamba.genome import Variant
from dna_mamba.io.fasta import FastaReader
from dna_mamba.scoring import AlleleStatus, VariantScorer, score_variants, site_probabilities
from tests.worlds import (
    CONTEXT_BP,
    MODES,
    every_substitution,
    llr_by_hand,
    random_sequence,
    small_model,
    write_fasta,
)

SEQUENCE = random_sequence(90)
MIRRORED = reverse_complement(SEQUENCE)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    path = tmp_path_factory.mktemp("genome") / "g.fa"
    return FastaReader(
        write_fasta(path, {"c": SEQUENCE, "mirrored": MIRRORED, "d": SEQUENCE[:40] + "N" * 50 + "rACGT"})
    )


def llrs(scores):
    return [score.llr for score in scores]


@pytest.mark.parametrize("mode", MODES)
def test_every_substitution_against_brute_force(reference, mode):
    """From one end of the contig to the other, its cut windows included."""
    model = small_model(mode)
    variants = every_substitution("c", SEQUENCE, range(1, 91))
    scores = list(score_variants(variants, reference, model, context_bp=CONTEXT_BP))
    assert [score.variant for score in scores] == variants
    assert llrs(scores) == pytest.approx([llr_by_hand(model, SEQUENCE, v) for v in variants], abs=1e-5)
    is_cut = [v.pos <= CONTEXT_BP // 2 or v.pos > 90 - CONTEXT_BP // 2 for v in variants]
    assert [s.status for s in scores] == [AlleleStatus.EDGE_PADDED if cut else AlleleStatus.OK for cut in is_cut]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("context_bp", [CONTEXT_BP, CONTEXT_BP + 1])
def test_the_other_strand_scores_the_same(reference, mode, context_bp):
    model = small_model(mode)
    variants = every_substitution("c", SEQUENCE, range(1, 91, 4))
    mirrored = [Variant("mirrored", 91 - v.pos, reverse_complement(v.ref), reverse_complement(v.alt)) for v in variants]
    scores, others = (
        list(score_variants(alleles, reference, model, context_bp=context_bp)) for alleles in (variants, mirrored)
    )
    assert llrs(scores) == pytest.approx(llrs(others), abs=1e-5)
    assert [s.status for s in scores] == [s.status for s in others]


@settings(max_examples=25)
@given(st.data())
def test_scores_do_not_depend_on_the_batch(reference, data):
    every = every_substitution("c", SEQUENCE, range(1, 91))
    variants = data.draw(st.lists(st.sampled_from(every), min_size=1, max_size=12))
    batch_size = data.draw(st.integers(1, 12))
    model = small_model("post-hoc")
    scores = list(score_variants(variants, reference, model, context_bp=CONTEXT_BP, batch_size=batch_size))
    alone = [next(score_variants([v], reference, model, context_bp=CONTEXT_BP)) for v in variants]
    assert [s.variant for s in scores] == variants
    assert llrs(scores) == pytest.approx(llrs(alone), abs=1e-5)


def test_alleles_of_one_site_share_a_pass(reference, monkeypatch):
    passes = []
    model = small_model()
    inner = model.site_logits
    monkeypatch.setattr(model, "site_logits", lambda ids, *where: passes.append(len(ids)) or inner(ids, *where))
    variants = every_substitution("c", SEQUENCE, range(40, 44))
    list(score_variants([*variants, *variants], reference, model, context_bp=CONTEXT_BP, batch_size=4))
    assert passes == [4]


def test_a_status_for_every_allele(reference):
    ref = SEQUENCE[44]
    alt = "ACGT".replace(ref, "")[0]
    cases = {
        ("c", 45, ref, alt): AlleleStatus.OK,
        ("c", 45, ref.lower(), alt.lower()): AlleleStatus.OK,
        ("c", 1, SEQUENCE[0], "ACGT".replace(SEQUENCE[0], "")[0]): AlleleStatus.EDGE_PADDED,
        ("c", 45, alt, ref): AlleleStatus.REF_MISMATCH,
        ("c", 91, "A", "C"): AlleleStatus.REF_MISMATCH,
        ("c", 0, "A", "C"): AlleleStatus.REF_MISMATCH,
        ("c", 45, alt + "A", "C"): AlleleStatus.REF_MISMATCH,
        ("c", 45, ref, ref + "A"): AlleleStatus.OK,
        ("c", 45, SEQUENCE[44:46], alt): AlleleStatus.OK,
        ("c", 45, ref, ref): AlleleStatus.OK,
        ("c", 45, SEQUENCE[44:46], "NN"): AlleleStatus.N_WINDOW,
        ("c", 45, ref, "N"): AlleleStatus.N_WINDOW,
        ("c", 45, SEQUENCE[44:61], alt): AlleleStatus.TOO_LONG,
        ("c", 45, ref, alt + "ACGT" * 5): AlleleStatus.TOO_LONG,
        ("c", 45, ref, "?"): AlleleStatus.SYMBOLIC,
        ("c", 45, ref, "<DEL>"): AlleleStatus.SYMBOLIC,
        ("c", 45, ref, f"{ref}[d:3["): AlleleStatus.SYMBOLIC,
        ("c", 45, ref, "*"): AlleleStatus.STAR,
        ("e", 45, ref, alt): AlleleStatus.NO_CONTIG,
        ("e", 45, ref, "<DUP>"): AlleleStatus.SYMBOLIC,
        ("d", 38, SEQUENCE[37], "ACGT".replace(SEQUENCE[37], "")[0]): AlleleStatus.N_WINDOW,
        ("d", 60, "N", "A"): AlleleStatus.N_WINDOW,
        ("d", 91, "A", "C"): AlleleStatus.N_WINDOW,
    }
    variants = [Variant(*case) for case in cases]
    scores = list(score_variants(variants, reference, small_model(), context_bp=CONTEXT_BP, max_mismatch_share=1))
    assert {tuple(vars_of(s.variant)): s.status for s in scores} == cases
    scored = {AlleleStatus.OK, AlleleStatus.EDGE_PADDED}
    without = [s for s in scores if s.llr is None]
    assert all(s.status not in scored for s in without)
    with_score = [s.status for s in scores if s.llr is not None]
    ok = AlleleStatus.OK
    assert with_score == [ok, ok, AlleleStatus.EDGE_PADDED, ok, ok, ok, AlleleStatus.N_WINDOW]


def vars_of(variant):
    return variant.chrom, variant.pos, variant.ref, variant.alt


def test_an_endless_stream_is_scored_as_it_comes(reference):
    taken = count()
    every = every_substitution("c", SEQUENCE, range(40, 50))
    endless = (every[next(taken) % len(every)] for _ in count())
    assert [s.variant for s in islice(score_variants(endless, reference, small_model()), 50)] == (every * 2)[:50]
    assert next(taken) < 10_000


def test_groups_without_alleles_are_not_held_back(reference):
    scorer = VariantScorer(reference, small_model())
    taken = count()
    groups = scorer.score((next(taken) for _ in count()), lambda group: ())
    assert list(islice(groups, 3)) == [(0, ()), (1, ()), (2, ())]
    assert next(taken) < 10_000


@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_a_wrong_build_stops_the_stream_at_the_same_allele(reference, batch_size):
    right = Variant("c", 30, SEQUENCE[29], "NN")
    wrong = Variant("c", 30, "ACGT".replace(SEQUENCE[29], "")[0], "NN")
    taken = count()
    stream = (wrong if i % 10 == 0 else right for i in taken)
    with pytest.raises(InputError, match=r"100 of 1,000 alleles .*wrong build"):
        for _ in score_variants(stream, reference, small_model(), batch_size=batch_size):
            pass
    assert next(taken) == 1000


def test_contigs_of_another_name(reference):
    variant = Variant("chrc", 45, SEQUENCE[44], "ACGT".replace(SEQUENCE[44], "")[0])
    for length, status in ((90, AlleleStatus.OK), (91, AlleleStatus.NO_CONTIG)):
        (score,) = score_variants(
            [variant], reference, small_model(), context_bp=CONTEXT_BP, contig_lengths={"chrc": length}
        )
        assert score.status == status


def test_by_path_and_by_object_alike(reference, tmp_path):
    save_model(small_model(), tmp_path / "model")
    variants = every_substitution("c", SEQUENCE, range(40, 45))
    by_path = score_variants(variants, str(reference.path), tmp_path / "model", context_bp=CONTEXT_BP)
    assert list(by_path) == list(score_variants(variants, reference, small_model(), context_bp=CONTEXT_BP))


def test_a_model_on_longer_tokens_is_refused_at_once(reference):
    model = small_model("none", {"kind": "kmer", "k": 3, "stride": 3})
    with pytest.raises(InputError, match="'kmer' has no token for a single base"):
        score_variants([], reference, model)


def test_probabilities_of_a_site(reference):
    model = small_model()
    probabilities = site_probabilities(reference, model, "c", 44, context_bp=CONTEXT_BP)
    assert sum(probabilities.values()) == pytest.approx(1, abs=1e-6)
    (score, *_) = score_variants([Variant("c", 45, SEQUENCE[44], "A")], reference, model, context_bp=CONTEXT_BP)
    assert score.llr is None or score.llr < 0 or probabilities["A"] > probabilities[SEQUENCE[44]]


@pytest.mark.parametrize(("n_unknown", "status"), [(2, AlleleStatus.OK), (3, AlleleStatus.N_WINDOW)])
def test_a_window_may_be_unknown_to_a_tenth(tmp_path, n_unknown, status):
    """Two bases of 20, and no more."""
    sequence = SEQUENCE[:36] + "N" * n_unknown + SEQUENCE[36 + n_unknown :]
    genome = FastaReader(write_fasta(tmp_path / "g.fa", {"c": sequence}))
    ref = sequence[40:42]
    variant = Variant("c", 41, ref, ref.translate(str.maketrans("ACGT", "CATG")))
    (score,) = score_variants([variant], genome, small_model(), context_bp=20)
    assert score.status == status and score.llr is not None
