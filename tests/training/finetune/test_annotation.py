"""finetune --task annotation: a head is trained, judged and kept; a run that was stopped ends as one that was not."""

import json
import random
import signal
from pathlib import Path

import pytest
import torch

from dna_mamba.alphabet import reverse_complement
from dna_mamba.checkpoints import load_model, save_model
from dna_mamba.errors import InputError, PreemptedError
from dna_mamba.models import TaskModel
from dna_mamba.training.finetune.annotation import AnnotationJob
from dna_mamba.training.finetune.recipe import FinetuneRecipe, read_finetune_recipe
from dna_mamba.training.loop.watcher import SILENT, Watcher
from tests.annotation.genes import coding_letters, spacer
from tests.worlds import small_model, write_fasta


@pytest.fixture
def recipe(tmp_path: Path) -> FinetuneRecipe:
    """A genome of 4 kb with a gene every 300 bp, and a small model."""
    rng = random.Random(1)
    letters, rows = spacer(50, rng), []
    for number in range(13):
        strand, gene = "+-"[number % 2], coding_letters(60, rng)
        first = len(letters)
        rows.append(f"c\tx\tCDS\t{first + 1}\t{first + len(gene)}\t.\t{strand}\t0\tID=g{number};transl_table=11\n")
        letters += (gene if strand == "+" else reverse_complement(gene)) + spacer(110, rng)
    write_fasta(tmp_path / "g.fa", {"c": letters})
    (tmp_path / "g.gff3").write_text("".join(rows))
    save_model(small_model("post-hoc"), tmp_path / "model")
    return made(tmp_path)


def made(tmp_path: Path, **flags: object) -> FinetuneRecipe:
    plain = {
        "model": str(tmp_path / "model"),
        "data.genome": (str(tmp_path / "g.fa"),),
        "data.annotation": (str(tmp_path / "g.gff3"),),
        "data.task": "annotation",
        "data.window_bp": 128,
        "training.batch_sequences": 4,
        "training.epochs": 2,
        "training.learning_rate": 0.02,
        "how": "full",
        "baselines": (),
    }
    return read_finetune_recipe(None, plain | {key.replace("__", "."): value for key, value in flags.items()})


def test_a_run_leaves_a_model_and_results(recipe: FinetuneRecipe, tmp_path: Path) -> None:
    lines = AnnotationJob(made(tmp_path, baselines=("random-weights",)), tmp_path / "run").run(SILENT)
    assert [line.split("\t")[0] for line in lines] == ["method", "full", "random-weights", "longest-orfs"]
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["task"] == "annotation" and results["genetic_code"] == 11
    assert results["methods"]["longest-orfs"]["stop_f1"]["per_fold"] is not None
    assert 0 < results["methods"]["full"]["accuracy"]["mean"] <= 1
    model = load_model(str(tmp_path / "run" / "model"))
    assert isinstance(model, TaskModel) and model.head_config.outputs == tuple(results["classes"])
    assert model.head_config.complement == (0, 4, 5, 6, 1, 2, 3)
    assert not (tmp_path / "run" / "trainings").exists()
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    losses = [row["loss_nats"] for row in log if row["event"] == "train" and row["unit"] == "full-0"]
    assert sum(losses[-3:]) < sum(losses[:3])


def test_a_stopped_run_ends_as_one_that_was_not(recipe: FinetuneRecipe, tmp_path: Path) -> None:
    AnnotationJob(recipe, tmp_path / "whole").run(SILENT)

    def stop(line: str) -> None:
        if line.startswith("step"):
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(PreemptedError):
        AnnotationJob(recipe, tmp_path / "run").run(Watcher(report=stop))
    AnnotationJob(recipe, tmp_path / "run").run(SILENT, resume=True)
    whole, resumed = (load_model(str(tmp_path / name / "model")).state_dict() for name in ("whole", "run"))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    assert (tmp_path / "whole" / "results.json").read_bytes() == (tmp_path / "run" / "results.json").read_bytes()


def test_a_run_that_ended_is_not_trained_again(recipe: FinetuneRecipe, tmp_path: Path) -> None:
    printed = AnnotationJob(recipe, tmp_path / "run").run(SILENT)
    before = (tmp_path / "run" / "model" / "model.safetensors").stat().st_mtime_ns
    (tmp_path / "run" / "trainings").mkdir()  # as a kill while it was removed leaves it
    told: list[str] = []
    assert AnnotationJob(recipe, tmp_path / "run").run(Watcher(report=told.append), resume=True) == printed
    assert told[-1] == "this run is done already" and not (tmp_path / "run" / "trainings").exists()
    assert (tmp_path / "run" / "model" / "model.safetensors").stat().st_mtime_ns == before
    with pytest.raises(InputError, match="results of another recipe"):
        AnnotationJob(made(tmp_path, training__epochs=1), tmp_path / "run").run(SILENT, resume=True)


def test_a_probe_leaves_the_encoder_as_it_was(recipe: FinetuneRecipe, tmp_path: Path) -> None:
    AnnotationJob(made(tmp_path, how="probe", training__epochs=1), tmp_path / "run").run(SILENT)
    before, after = (load_model(str(path)) for path in (tmp_path / "model", tmp_path / "run" / "model"))
    for name, weight in before.encoder.state_dict().items():
        assert torch.equal(weight, after.encoder.state_dict()[name])


def test_mistakes(recipe: FinetuneRecipe, tmp_path: Path) -> None:
    for flags, message in (
        ({"how": "lora"}, "--how lora is not for --task annotation"),
        ({"data.window_bp": 4096}, "the longest contig has"),
    ):
        changed = made(tmp_path, **{key.replace(".", "__"): value for key, value in flags.items()})
        with pytest.raises(InputError, match=message):
            AnnotationJob(changed, tmp_path / "run").run(SILENT)
        assert not (tmp_path / "run").exists()
    with pytest.raises(InputError, match="folds of an annotation"):
        AnnotationJob(made(tmp_path, folds__n_folds=3), tmp_path / "run")
