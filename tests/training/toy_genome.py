"""A small genome with something to learn, and a recipe over it."""

from pathlib import Path

import numpy as np
import yaml


def write_genome(path: Path) -> None:
    """Three contigs of a noisy repeat: two neighbours nearly tell the base between them."""
    rng = np.random.default_rng(0)
    with path.open("w") as stream:
        for name, length in (("train", 6000), ("val", 1500), ("test", 1000)):
            letters = np.resize(list("ACGTTGCAAC"), length)
            noise = rng.random(length) < 0.1
            letters[noise] = rng.choice(list("ACGT"), size=int(noise.sum()))
            stream.write(f">{name}\n{''.join(letters)}\n")


def write_recipe(directory: Path) -> Path:
    """The genome and a recipe of a dozen steps over it; the recipe's path."""
    write_genome(directory / "genome.fa")
    recipe = {
        "genome": {"fasta": str(directory / "genome.fa"), "validation": ["val"], "test": ["test"]},
        "model": {"d_model": 16, "n_layer": 1, "d_state": 4, "reverse_complement": "post-hoc"},
        "batch": {"window_bp": 64, "windows": 4},
        "schedule": {"steps": 12, "evaluate_every": 5, "checkpoint_every": 4},
        "optimiser": {"warmup_steps": 2, "learning_rate": 0.01},
        "validation": {"window_bp": 64, "margin_bp": 8, "phases": 2, "max_windows": 4},
        "test": {"window_bp": 64, "margin_bp": 8, "phases": 1},
    }
    path = directory / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe))
    return path
