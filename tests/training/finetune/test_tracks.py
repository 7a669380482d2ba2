"""Signals along a genome become a judged head for tracks, and what it predicts becomes bigWig."""

import csv
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from dna_mamba.checkpoints import load_model, save_model
from dna_mamba.cli.main import cli
from dna_mamba.data.labelled.signals import read_signals
from dna_mamba.models import TaskModel
from dna_mamba.training.finetune.bins import BinSequences, rows_of_bins
from dna_mamba.training.finetune.encoders import EncoderShelf
from dna_mamba.training.finetune.final import all_rows, final_probe
from dna_mamba.training.finetune.job import NOBODY
from dna_mamba.training.finetune.linear.choice import LinearSettings, fit, predict
from dna_mamba.training.finetune.problem import Asked
from dna_mamba.training.finetune.tuned.objective import answers_for
from tests.training.finetune.desk import job_of, results
from tests.worlds import random_sequence, small_model, write_fasta

BIN, WINDOW = 16, 64
pytest.importorskip("pyBigWig")


@pytest.fixture
def genome(tmp_path: Path) -> dict[str, str]:
    """Three contigs; the signal is how many of a bin's bases are G or C, and ``other`` the rest of them."""
    import pyBigWig

    save_model(small_model("post-hoc"), tmp_path / "model")
    contigs = {f"c{i}": random_sequence(768, seed=i) for i in range(3)}
    write_fasta(tmp_path / "g.fa", contigs)
    for name, letters in (("gc", "GC"), ("other", "AT")):
        with pyBigWig.open(str(tmp_path / f"{name}.bw"), "w") as file:
            file.addHeader([(chrom, len(sequence)) for chrom, sequence in contigs.items()])
            for chrom, sequence in contigs.items():
                values = [float(letter in letters) * BIN for letter in sequence]
                file.addEntries(chrom, 0, values=values, span=1, step=1)
    return contigs


def flags(directory: Path, **more: object) -> dict[str, object]:
    return {
        "data.files": [],
        "data.genome": [str(directory / "g.fa")],
        "data.signal": [f"{name}={directory / name}.bw" for name in ("gc", "other")],
        "data.bin_bp": BIN,
        "data.window_bp": WINDOW,
        "data.group": "chrom",
        "baselines": ("majority", "gc-length"),
    } | more


def test_a_probe_of_signals_is_judged_and_predicts_tracks(
    tmp_path: Path, genome: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyBigWig

    job_of(tmp_path, "run", **flags(tmp_path)).run()
    found = results(tmp_path, "run")
    assert (found["task"], found["folds"], found["n"]) == ("tracks", 3, 3 * 768 // BIN)
    assert found["methods"]["gc-length"]["pearson"]["mean"] > 0.99
    assert found["methods"]["probe"]["spearman"]["mean"] > 0.7
    with (tmp_path / "run" / "predictions.tsv").open() as stream:
        rows = [row for row in csv.DictReader(stream, delimiter="\t") if row["method"] == "probe"]
    for row in rows:
        chrom, _, place = row["id"].partition(":")
        first, _, last = place.partition("-")
        letters = genome[chrom][int(first) - 1 : int(last)]
        assert len(letters) == BIN
        assert float(row["truth_gc"]) == sum(letter in "GC" for letter in letters)
        assert float(row["truth_other"]) == BIN - float(row["truth_gc"])
    monkeypatch.chdir(tmp_path)
    words = ["predict", "g.fa", "-m", "run/model", "-o", "out.bw", "--threads", "1"]
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 0, result.stderr
    with pyBigWig.open("out.gc.bw") as file:
        said = np.array([file.values("c0", start, start + 1)[0] for start in range(0, 768, BIN)])
    true = [sum(letter in "GC" for letter in genome["c0"][at : at + BIN]) for at in range(0, 768, BIN)]
    assert np.corrcoef(said, true)[0, 1] > 0.7


def test_the_head_says_what_the_probe_said_of_each_bin(tmp_path: Path, genome: dict[str, str]) -> None:
    """Of windows as they were embedded, strands joined: both strands' vectors averaged, a linear model of them."""
    job = job_of(tmp_path, "run", **flags(tmp_path))
    problem = job.problem
    (tmp_path / "run").mkdir()
    shelf = EncoderShelf(job.recipe, problem, tmp_path / "run", "cpu", lambda: None, NOBODY.meter)
    asked = Asked(problem, all_rows(problem), 0, "model", lambda: None)
    settings = LinearSettings("mean, joined", "ridge", 1.0)
    fitted = fit(asked, shelf.probe_table(), settings)
    rows = np.arange(len(problem.data))
    by_table = predict(asked, shelf.probe_table(), fitted, rows)
    model = final_probe(asked, shelf.pretrained(), shelf.probe_table(), [settings._asdict()])
    by_head = answers_for(model, problem.windows, problem.windows_with(rows))
    np.testing.assert_allclose(by_head, by_table, atol=1e-3)


@pytest.mark.parametrize("counts", [False, True])
def test_signals_are_learnt_by_gradients(tmp_path: Path, genome: dict[str, str], counts: bool) -> None:
    more = {"how": "full", "head.counts": counts, "training.epochs": 2, "baselines": ("majority",)}
    job_of(tmp_path, "run", **flags(tmp_path, **more)).run()
    model = load_model(tmp_path / "run" / "model")
    assert isinstance(model, TaskModel)
    head = model.head_config
    assert (head.task, head.bin_bp, head.window_bp, head.counts) == ("tracks", BIN, WINDOW, counts)
    assert np.isfinite(results(tmp_path, "run")["methods"]["full"]["rmse"]["mean"])


def test_rows_of_bins(tmp_path: Path, genome: dict[str, str]) -> None:
    (tmp_path / "places.bed").write_text("c1\t100\t110\ta\t0\t-\nc2\t300\t310\tb\t0\t+\n")
    signal = [f"gc={tmp_path / 'gc.bw'}"]
    windows = read_signals(tmp_path / "g.fa", signal, window_bp=32, bin_bp=16, intervals=tmp_path / "places.bed")
    bins = rows_of_bins(windows, 16)
    assert bins.ids == ["c1:106-121-", "c1:90-105-", "c2:290-305+", "c2:306-321+"]
    assert bins.groups == [windows.ids[0]] * 2 + [windows.ids[1]] * 2
    assert isinstance(bins.sequences, BinSequences)
    alone = bins.sequences.alone()
    assert [len(alone[row]) for row in range(4)] == [16] * 4 and len(bins.sequences[0]) == 32
    for row, name in enumerate(bins.ids):
        chrom, _, place = name[:-1].partition(":")
        first, _, last = place.partition("-")
        letters = genome[chrom][int(first) - 1 : int(last)]
        assert bins.label_array()[row, 0] == sum(letter in "GC" for letter in letters)
