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
    assert "a.fa: 12,345 bp to train on; held out 2, x:1-50 (validation) and nothing (test); left out M\n" in text
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
    assert "left out M; 100 bp on each side of a stretch left out\n" in text
