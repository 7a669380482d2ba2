import pytest

from dna_mamba.genome import Interval, Strand
from dna_mamba.plotting import ScoredVariant, SitePrediction, is_transition, substitution_class, variant_map

pytest.importorskip("matplotlib")
VARIANTS = [
    ScoredVariant(100, "C", "T", -2.5),
    ScoredVariant(150, "g", "a", 0.5),
    ScoredVariant(900, "A", "C", -1.0),
    ScoredVariant(950, "T", "A", 1.0),
]
CODING = [Interval("chrI", 99, 150, "GENE1", Strand.FORWARD), Interval("chrII", 800, 1000, "GENE2", Strand.REVERSE)]


@pytest.mark.parametrize(
    ("change", "name"), [("C>T", "C>T"), ("G>A", "C>T"), ("A>G", "T>C"), ("G>T", "C>A"), ("a>c", "T>G"), ("T>A", "T>A")]
)
def test_six_classes(change, name):
    assert substitution_class(*change.split(">")) == name


def test_twelve_substitutions_make_four_transitions():
    transitions = {ref + alt for ref in "ACGT" for alt in "ACGT" if ref != alt and is_transition(ref, alt)}
    assert transitions == {"AG", "GA", "CT", "TC"}


def panels(figure):
    return {axes.get_label(): axes for axes in figure.axes}


def test_every_variant_is_drawn_where_it_lies():
    prediction = SitePrediction(VARIANTS[0], {"A": 0.1, "C": 0.6, "G": 0.2, "T": 0.1})
    figure = variant_map(VARIANTS, chrom="chrI", coding=CODING, strongest=prediction, title="four")
    axes = panels(figure)
    coding, elsewhere = axes["map"].collections[-2:]
    assert coding.get_offsets().tolist() == [[100, -2.5], [150, 0.5]]
    assert elsewhere.get_offsets().tolist() == [[900, -1.0], [950, 1.0]]
    assert [bar.get_height() for bar in axes["prediction"].patches] == [0.1, 0.6, 0.2, 0.1]
    assert [text.get_text() for text in axes["prediction"].texts] == ["0.100", "0.600\nREF", "0.200", "0.100\nALT"]
    labels = [label.get_text() for label in axes["classes"].get_xticklabels()]
    assert labels[:2] == ["C>T / G>A\n2", "T>C / A>G\n0"]
    assert "nats" in axes["map"].get_ylabel()
    assert axes["genes"].get_xlabel() == "position on chrI (kb)"


def test_the_strongest_are_named_apart_from_each_other():
    crowd = [ScoredVariant(1000 + i, "C", "T", -i / 10) for i in range(9)] + VARIANTS
    figure = variant_map(crowd, chrom="chrI")
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in panels(figure)["map"].texts]
    assert len(boxes) == 3
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_without_genes_and_prediction():
    axes = panels(variant_map(VARIANTS, chrom="chrI"))
    assert set(axes) == {"map", "genes", "classes"}
    assert len(axes["map"].collections[-1].get_offsets()) == 4
