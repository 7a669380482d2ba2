"""What the card says follows from recipe, model and log."""

from typing import Any

from dna_mamba.training.pretrain.card import model_card
from dna_mamba.training.pretrain.recipe import Recipe
from tests.training.models import tiny_model

RECIPE = Recipe.model_validate(
    {
        "about": {"name": "wheat-ish", "description": "A *trial*.", "licence": "CC0-1.0", "citation": "Nobody 2026."},
        "genome": {"fasta": "a.fa", "validation": ["2", "x:1-50"], "exclude": ["M"]},
        "batch": {"window_bp": 100, "windows": 3},
        "masking": {"rate": 0.2},
        "schedule": {"steps": 4},
    }
)
START = {"event": "start", "step": 0, "train": 12345, "torch": "9.9", "threads": 3}
TRAIN = [{"event": "train", "step": step, "loss_nats": 1.0, "seconds": 45.0} for step in (1, 2, 3, 4)]


def evaluated(use: str, bits: float, step: int = 4) -> dict[str, Any]:
    figures = {"loss_nats": bits / 2, "bits_per_base": bits, "n_bases": 6789}
    return {"event": "evaluate", "step": step, "split": use, **figures, "seconds": 60.0}


BASELINES = {"event": "baselines", "step": 0, "split": "validation", "bits_per_base": {"one-sided order 1": 1.9}}


def card(*rows: dict[str, Any], command: str = "") -> str:
    return model_card(RECIPE, tiny_model(), [START, *TRAIN, *rows], command)


def test_facts_of_the_run() -> None:
    text = card(command="dna-mamba pretrain r.yaml")
    assert text.startswith("# wheat-ish\n\nA *trial*.\n\n")
    assert "a.fa: 12,345 bp to train on; held out `2`, `x:1-50` (validation) and nothing (test); left out `M`\n" in text
    assert "4 steps of 3 windows of 100 bp (1,200 bp read), 20% masked, float32" in text
    assert "3 min, evaluation included; CPU threads: 3, torch 9.9" in text
    assert f"{tiny_model().n_parameters:,} (2 layers, d_model 16, d_state 4, reverse complement: post-hoc)" in text
    assert "- **Command**: `dna-mamba pretrain r.yaml`" in text
    assert "Licence of the weights: CC0-1.0. Not for clinical use.\n\nNobody 2026.\n" in text


def test_the_last_evaluation_beside_the_baselines() -> None:
    text = card(BASELINES, evaluated("validation", 1.96, 2), evaluated("validation", 1.8765))
    assert "| **this model** (6,789 bases, 0.9383 nats a token) | **1.8765** |\n| one-sided order 1 | 1.9000 |" in text
    assert "1.96" not in text and "| test |" not in text
    assert "Loss is the mean over bases masked a few at a time" in text


def test_a_part_without_baselines_has_its_loss() -> None:
    assert "| test | bits per base |\n|---|---|\n| **this model** (6,789" in card(evaluated("test", 1.7))


def test_no_evaluation_is_no_table_and_no_word_on_losses() -> None:
    text = card()
    assert "bits per base" not in text and "Loss is the mean" not in text and "nan" not in text


def test_a_margin_is_told() -> None:
    assert "100 bp on each side of a stretch left out" not in card()
    text = model_card(RECIPE, tiny_model(), [START | {"margin_bp": 100}, *TRAIN], "")
    assert "left out `M`; 100 bp on each side of a stretch left out\n" in text


MANY = {
    "one-sided order 1": 1.95,
    "one-sided order 2": 1.93,
    "one-sided interpolated order 12": 1.9,
    "two-sided 4+4": 1.91,
    "two-sided interpolated 6+6": 1.88,
}


def test_how_far_from_the_best_baseline() -> None:
    """Of any kind; a model that is worse is said to be worse."""
    baselines = BASELINES | {"bits_per_base": MANY}
    better, worse = card(baselines, evaluated("validation", 1.85)), card(baselines, evaluated("validation", 1.9))
    assert "0.0300 bits per base better than the best baseline, two-sided interpolated 6+6." in better
    assert "0.0200 bits per base worse than the best baseline, two-sided interpolated 6+6." in worse


def test_genomes_have_a_table_with_the_best_of_each_kind() -> None:
    figures = {"bits_per_base": 1.85, "loss_nats": 1.0, "n_bases": 5000}
    genomes = {"a": figures, "b": figures | {"bits_per_base": 1.92}}
    loss = evaluated("validation", 1.885) | {"by_genome": genomes}
    baselines = BASELINES | {"bits_per_base": MANY, "by_genome": {"a": MANY, "b": {"one-sided order 1": 1.9}}}
    text = card(baselines, loss)
    kinds = "one-sided | one-sided interpolated | two-sided | two-sided interpolated"
    assert f"| validation by genome | bases | this model | {kinds} | fewer than the best baseline |" in text
    assert "| a | 5,000 | **1.8500** | 1.9300 (2) | 1.9000 (12) | 1.9100 (4+4) | 1.8800 (6+6) | +0.0300 |" in text
    assert "| b | 5,000 | **1.9200** | 1.9000 (1) |  |  |  | -0.0200 |" in text
    assert "by genome" not in card(baselines, evaluated("validation", 1.885) | {"by_genome": {"a": figures}})
    assert "| a | 5,000 | **1.8500** |  |" in card(loss)


def test_what_longer_context_brings() -> None:
    windows = [
        {"window_bp": 64, "bits_per_base": 1.9, "gain_bits": 0.0, "gain_error": 0.0},
        {"window_bp": 2048, "bits_per_base": 1.88, "gain_bits": 0.02, "gain_error": 0.003},
    ]
    text = card(evaluated("test", 1.9), {"event": "contexts", "step": 4, "split": "test", "windows": windows})
    assert "| test, window around a masked base | bits per base | fewer than with 64 bp |" in text
    assert "| 64 bp | 1.9000 | |\n| 2,048 bp | 1.8800 | 0.0200 ± 0.0030 |" in text
    assert "window around" not in card(evaluated("test", 1.9))


def test_what_it_cost() -> None:
    steps = [row | {"tokens": 300} for row in TRAIN]
    start = START | {"processor": "A Processor", "processes": 2}
    text = model_card(RECIPE, tiny_model(), [start, *steps], "")
    operations = 6 * tiny_model().n_parameters * 1200
    assert f"4 steps, 1,200 tokens, 3.0 min in steps, about {operations:.1e} FLOP (6 x parameters x tokens)" in text
    assert "torch 9.9, A Processor, 2 processes" in text
    both = model_card(RECIPE, tiny_model("shared"), [start, *steps], "")
    operations = 12 * tiny_model("shared").n_parameters * 1200
    assert f"about {operations:.1e} FLOP (6 x parameters x tokens, both strands read)" in both
    assert "Compute" not in card()


def test_the_figure_is_shown_where_there_is_one() -> None:
    assert "![" not in card()
    text = model_card(RECIPE, tiny_model(), [START, *TRAIN], "", has_figure=True)
    assert "![Training and held-out loss](curve.png)" in text
