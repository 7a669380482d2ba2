"""Held-out loss and baselines genome by genome: what the log says of each, and that the total is of all."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dna_mamba.data.genomes import ContigCodes
from dna_mamba.data.held_out import HeldOutPlan, held_out_rows
from dna_mamba.data.markov import MarkovBaselines
from dna_mamba.errors import InputError
from dna_mamba.training.loop.log import RunLog, read_log
from dna_mamba.training.pretrain import read_recipe
from dna_mamba.training.pretrain.held_out import HeldOutPart, check_part, evaluate, held_out_parts, log_baselines
from dna_mamba.training.pretrain.loss import held_out_loss
from dna_mamba.training.pretrain.source import read_split
from tests.training.models import tiny_model

PLAN = HeldOutPlan(window_bp=60, margin_bp=10, mask_every=8, phases=8)


def random_codes(length: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).choice(4, p=[0.4, 0.1, 0.2, 0.3], size=length).astype(np.uint8)


GENOMES: dict[str, list[ContigCodes]] = {
    "a": [random_codes(300, 1), random_codes(80, 2)],
    "b": [random_codes(200, 3)],
    "unknown": [np.full(100, 4, dtype=np.uint8)],
}


def rows_of(tmp_path: Path) -> list[dict[str, Any]]:
    return list(read_log(tmp_path / "log.jsonl"))


def test_the_loss_of_each_genome_and_of_all(tmp_path: Path) -> None:
    model = tiny_model()
    told: list[str] = []
    evaluate(HeldOutPart("test", GENOMES, PLAN), model, 7, RunLog(tmp_path / "log.jsonl"), told.append)
    (row,) = rows_of(tmp_path)
    assert set(row["by_genome"]) == {"a", "b"}
    for name, figures in row["by_genome"].items():
        alone = held_out_loss(model, held_out_rows(GENOMES[name], PLAN, model.tokenizer))
        assert figures["n_bases"] == alone.n_bases and figures["bits_per_base"] == pytest.approx(alone.bits_per_base)
    flat = [codes for sequences in GENOMES.values() for codes in sequences]
    together = held_out_loss(model, held_out_rows(flat, PLAN, model.tokenizer))
    assert row["n_bases"] == together.n_bases == 580
    assert row["bits_per_base"] == pytest.approx(together.bits_per_base)
    assert told[1] == "; ".join(f"{name} {row['by_genome'][name]['bits_per_base']:.4f}" for name in "ab")


def test_genomes_count_by_their_bases_and_not_by_how_many_are_asked(tmp_path: Path) -> None:
    """As in the baselines: of a long genome and a short one the same number of windows is asked."""
    model, plan = tiny_model(), PLAN.model_copy(update={"max_windows": 4})
    genomes: dict[str, list[ContigCodes]] = {"a": [random_codes(900, 1)], "b": [np.tile(random_codes(10, 3), 10)]}
    evaluate(HeldOutPart("test", genomes, plan), model, 0, RunLog(tmp_path / "log.jsonl"), lambda line: None)
    (row,) = rows_of(tmp_path)
    bits = [row["by_genome"][name]["bits_per_base"] for name in ("a", "b")]
    assert row["bits_per_base"] == pytest.approx((900 * bits[0] + 100 * bits[1]) / 1000)
    assert row["by_genome"]["a"]["n_bases"] < 300 and abs(bits[0] - bits[1]) > 0.001


def test_one_genome_is_asked_as_before(tmp_path: Path) -> None:
    """The same rows in the same batches: the same loss to the last bit."""
    model, plan = tiny_model(), PLAN.model_copy(update={"max_windows": 3})
    part = HeldOutPart("validation", {"a": GENOMES["a"]}, plan)
    loss = evaluate(part, model, 0, RunLog(tmp_path / "log.jsonl"), lambda line: None)
    assert loss.loss_nats == held_out_loss(model, held_out_rows(GENOMES["a"], plan, model.tokenizer)).loss_nats


def test_the_baselines_of_each_genome_and_of_all(tmp_path: Path) -> None:
    train: list[ContigCodes] = [random_codes(3000, 5)]
    told: list[str] = []
    log_baselines(HeldOutPart("validation", GENOMES, PLAN), train, 0, RunLog(tmp_path / "log.jsonl"), told.append)
    (row,) = rows_of(tmp_path)
    counted = MarkovBaselines(train)
    expected = {loss.name: loss.bits_per_base for loss in counted.losses(GENOMES["b"])}
    assert row["by_genome"]["b"] == pytest.approx(expected) and set(row["by_genome"]) == {"a", "b"}
    flat = [codes for sequences in GENOMES.values() for codes in sequences]
    assert row["bits_per_base"] == pytest.approx({loss.name: loss.bits_per_base for loss in counted.losses(flat)})
    assert "two-sided interpolated 6+6" in told[0]


def test_files_are_genomes(recipe_path: Path, tmp_path: Path) -> None:
    """Contigs of two FASTA files that are held out are two genomes, called as the files are."""
    (tmp_path / "other.fa").write_text(f">there\n{'ACGTTGCA' * 40}\n>train2\n{'ACGTTGCA' * 80}\n")
    first = tmp_path / "genome.fa"
    names = f"genome.fasta=[{first}, {tmp_path / 'other.fa'}]", "genome.validation=[val, there]"
    recipe = read_recipe(recipe_path, names)
    parts = held_out_parts(recipe, read_split(recipe))
    assert {name: [len(codes) for codes in found] for name, found in parts["validation"].genomes.items()} == {
        "genome": [1500],
        "other": [320],
    }
    assert list(parts["test"].genomes) == ["genome"]


def test_parts_that_have_nothing_to_say() -> None:
    part = HeldOutPart("test", {"unknown": GENOMES["unknown"]}, PLAN)
    with pytest.raises(InputError, match="holds no base to predict among its 100 bp"):
        check_part(part, tiny_model().tokenizer)
    check_part(HeldOutPart("test", GENOMES, PLAN), tiny_model().tokenizer)
    contexts = HeldOutPart("test", GENOMES, PLAN.model_copy(update={"contexts": (64,)}))
    with pytest.raises(InputError, match=r"test.contexts: tokenizer 'kmer' has no token for a single base"):
        check_part(contexts, tiny_model(tokenizer={"kind": "kmer", "k": 3, "stride": 3}).tokenizer)
