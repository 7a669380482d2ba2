"""GENEB's protocol, and the command that prints it beside published rows."""

import json
import random

import numpy as np
import pytest
from click.testing import CliRunner
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import matthews_corrcoef

from dna_mamba.alphabet import encode_bases
from dna_mamba.cli.evaluate.protocol import command
from dna_mamba.errors import InputError
from dna_mamba.evaluation.protocols.copies import SplitTask
from dna_mamba.evaluation.protocols.linear_probe import SEEDS, few_rows, mean_vectors, open_encoder, probe_task


@pytest.fixture(scope="module")
def encoder():
    return open_encoder("yeast-tiny", "cpu")


def own_task(n=24, seed=0):
    chance = random.Random(seed)
    labels = np.arange(2 * n) % 2
    texts = ["".join(chance.choices(("ACGT", "ACGTTTAA")[label], k=chance.randint(8, 30))) for label in labels]
    codes = [encode_bases(text) for text in texts]
    return SplitTask(("even", "at"), codes[:n], labels[:n], codes[n:], labels[n:]), texts


def test_numbers_are_those_of_scikit_learn_on_means_over_bases(encoder):
    task, _ = own_task()
    train, test = mean_vectors(encoder, task.train), mean_vectors(encoder, task.test)
    alone = mean_vectors(encoder, task.train[:1])
    np.testing.assert_allclose(alone[0], train[0], atol=1e-5)  # whatever stands beside it in a batch
    whole, ten, one = probe_task(task, encoder)
    probe = LogisticRegression(max_iter=1000).fit(train, task.train_labels)
    assert whole.mean["mcc"] == pytest.approx(matthews_corrcoef(task.test_labels, probe.predict(test)))
    hows = ["linear probe", "linear probe, 10 a class", "linear probe, 1 a class"]
    assert [score.how for score in (whole, ten, one)] == hows
    assert whole.deviation == {}  # nothing is drawn by chance
    expected = []
    for seed in SEEDS:
        rows = few_rows(task.train_labels, 1, seed)
        few = LogisticRegression(max_iter=1000).fit(train[rows], task.train_labels[rows])
        expected.append(matthews_corrcoef(task.test_labels, few.predict(test)))
    assert one.mean["mcc"] == pytest.approx(np.mean(expected))
    assert one.deviation["mcc"] == pytest.approx(np.std(expected))


def test_few_rows_are_drawn_from_each_class():
    labels = np.array([0] * 50 + [1] * 3 + [2] * 20)
    rows = few_rows(labels, 10, 13)
    assert np.bincount(labels[rows]).tolist() == [10, 3, 10] and len(set(rows)) == 23
    assert rows.tolist() == few_rows(labels, 10, 13).tolist() != few_rows(labels, 10, 17).tolist()


def test_the_command_prints_ours_beside_published_rows(tmp_path):
    task, texts = own_task()
    sides = ["train"] * len(task.train) + ["test"] * len(task.test)
    labels = [*task.train_labels, *task.test_labels]
    rows = [f"{s},{label},{side}\n" for s, label, side in zip(texts, labels, sides, strict=True)]
    (tmp_path / "human_enhancers_cohn.csv").write_text("sequence,label,split\n" + "".join(rows))
    chosen = ["genomic-benchmarks", "--path", str(tmp_path), "--task", "human_enhancers_cohn"]
    chosen += ["-o", str(tmp_path / "o.json"), "--threads", "1"]
    ran = CliRunner().invoke(command, chosen, catch_exceptions=False)
    head, *lines = [line.split("\t") for line in ran.stdout.splitlines() if line.count("\t") == 6]
    assert head == ["task", "metric", "model", "how", "value", "spread", "source"]
    ours, others = lines[:6], lines[6:]  # in the metric of the benchmark, and in that of GENEB's probes
    assert {line[2] for line in ours} == {"yeast-tiny"} and [line[1] for line in ours] == ["accuracy", "mcc"] * 3
    assert others[0][2] == "CNN (264k)" and len(others) == 6 + 5
    written = json.loads((tmp_path / "o.json").read_text())
    assert f"{written['ours']['human_enhancers_cohn'][0]['mean']['accuracy']:.3f}" == lines[0][4]
    assert ["accuracy", "Caduceus-Ph (470k)", "0.747"] in [[line[1], line[2], line[4]] for line in lines]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gue"], r"no copy of .*GUE.*; get it from https://\S+ and give its folder with --data$"),
        (["traitgym"], r"no copy of TraitGym; .* give its folder with --data, or add --download"),
        (["gue", "--path", ".", "--task", "H3"], r"no task 'H3' in gue; choose among EMP/H3"),
    ],
)
def test_mistakes_are_one_line(arguments, said):
    with pytest.raises(InputError, match=said):
        CliRunner().invoke(command, arguments, catch_exceptions=False)
