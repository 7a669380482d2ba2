"""Motifs are found where the small genome has them, on both strands; gains are those of made-up answers."""

import numpy as np
import pytest

from dna_mamba.alphabet import decode_bases, reverse_complement_codes
from dna_mamba.evaluation.knowledge.bits import MODEL
from dna_mamba.evaluation.knowledge.motifs.gain import motif_gain, motif_logos
from dna_mamba.evaluation.knowledge.motifs.landmarks import find_landmarks
from dna_mamba.evaluation.knowledge.motifs.listed import ConsensusMotif, motifs_of
from dna_mamba.evaluation.knowledge.motifs.places import MotifPlaces, place_motif
from dna_mamba.evaluation.knowledge.sites import Answered
from tests.evaluation.knowledge.conftest import Planned
from tests.evaluation.knowledge.worlds import INTRON_BP


def letters(planned: Planned, sites: np.ndarray, strand: np.ndarray) -> list[str]:
    codes = planned.genome.codes("chr1") & 7
    read = [codes[row - planned.plan.held.chart.offset("chr1")] for row in sites]
    complement = reverse_complement_codes(np.arange(4, dtype=np.uint8))[::-1]
    return [decode_bases(row if s > 0 else complement[row]) for row, s in zip(read, strand, strict=True)]


def test_aligned_and_consensus_motifs_are_read_on_the_genes_strand(planned: Planned) -> None:
    by_name = {places.name: places for places in planned.plan.motifs}
    assert {len(set(by_name[name].strand)) for name in by_name} == {2}
    for name, expected in (("start codon ATG", "ATG"), ("branch point TACTAAC", "TACTAAC")):
        places = by_name.get(name)
        if places is not None:
            assert set(letters(planned, places.sites, places.strand)) == {expected}
    donor, acceptor = by_name["splice donor, -2 to +6"], by_name["splice acceptor, -8 to +2"]
    assert {text[2:] for text in letters(planned, donor.sites, donor.strand)} == {"GTATGT"}
    assert {text[:8] for text in letters(planned, acceptor.sites, acceptor.strand)} == {"CTAACCAG"}
    assert donor.is_paired and donor.control.shape == (len(donor.sites), 16)


def test_landmarks_lie_where_genes_say(planned: Planned) -> None:
    held = planned.plan.held
    marks = find_landmarks(planned.plan.annotation, held.codes, held.places)
    assert [len(marks.start), len(marks.stop), len(marks.donor), len(marks.acceptor)] == [12] * 4
    assert marks.transcript_start == marks.transcript_end == []
    for start, donor, acceptor in zip(marks.start, marks.donor, marks.acceptor, strict=True):
        assert (start.at(40), donor.at(INTRON_BP)) == (donor.position, acceptor.position)
    bacterial = motifs_of(marks, is_prokaryote=True)
    assert any("Shine" in motif.name for motif in bacterial) and not any("splice" in m.name for m in bacterial)


def test_consensus_controls_lie_elsewhere_and_mismatches_count(planned: Planned) -> None:
    held = planned.plan.held
    marks = find_landmarks(planned.plan.annotation, held.codes, held.places)
    exact = place_motif(ConsensusMotif("x", "start", (0, 3), ("ATG",)), marks, held, 50, 0)
    assert isinstance(exact, MotifPlaces)
    starts = {held.chart.offset(mark.chrom) + mark.position for mark in marks.start}
    assert set(exact.sites[:, 0].tolist()) == starts and not starts & set(exact.control[:, 0].tolist())
    codes = held.codes["chr1"] & 7
    count = sum(
        decode_bases(strand[i : i + 3]) == "ATG"
        for strand in (codes, reverse_complement_codes(codes))
        for i in range(len(codes) - 2)
    )
    assert len(exact.control) == min(50, count - len(starts))
    near = place_motif(ConsensusMotif("x", "start", (0, 6), ("ATGNNA",), mismatches=1), marks, held, 50, 0)
    assert isinstance(near, MotifPlaces) and near.offsets == [0, 1, 2, 5] and near.sites.shape[1] == 4
    assert place_motif(ConsensusMotif("x", "start", (0, 3), ("CCC",)), marks, held, 50, 0) == 0


def test_gains_and_logos_of_known_answers() -> None:
    sites = np.arange(60)
    bases = np.tile([0, 3], 30).astype(np.uint8)
    model = np.full((60, 4), np.log(0.25), dtype=np.float32)
    model[:20] = np.log([0.5, 1e-6, 1e-6, 0.5])
    answered = Answered(sites, bases, {MODEL: model, "flat": np.full((60, 4), np.log(0.25), dtype=np.float32)})
    places = MotifPlaces(
        "m", [0, 1], np.array([1, -1] * 5), sites[:20].reshape(10, 2), sites[20:].reshape(10, 4), is_paired=True
    )
    found = motif_gain(places, answered, "flat", n_resamples=50, seed=0)
    assert found.at_motif.value == pytest.approx(1) and found.at_control.value == pytest.approx(0)
    assert found.difference.value == found.difference.low == pytest.approx(1)
    (logo,) = motif_logos([places], answered, "flat")
    np.testing.assert_allclose(logo.observed, [[0.5, 0, 0, 0.5]] * 2)  # A forward, T on the other strand's reading
    np.testing.assert_allclose(logo.expected["flat"], np.full((2, 4), 0.25), atol=1e-6)
    np.testing.assert_allclose(logo.expected[MODEL].sum(1), 1, atol=1e-5)
