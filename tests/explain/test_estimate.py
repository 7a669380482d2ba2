"""What a run will take is told before it: how often which positions are read, nothing of what is not explained."""

from pathlib import Path

import pytest

import dna_mamba.explain.estimate as estimate_module
from dna_mamba.errors import InputError
from dna_mamba.explain import ExplainedSequences, Explaining, ExplainItem, ExplainJob
from tests.explain.worlds import records, task_model
from tests.worlds import random_sequence, write_fasta

LONG, SHORT, UNKNOWN = random_sequence(50), random_sequence(20, 1), "ACGTNNNNNN"


def source_of(directory: Path, *sequences: str) -> ExplainedSequences:
    path = write_fasta(directory / "in.fa", {f"s{number}": sequence for number, sequence in enumerate(sequences)})
    return ExplainedSequences(path, task_model(), target="a")


@pytest.fixture
def source(tmp_path: Path) -> ExplainedSequences:
    return source_of(tmp_path, "", LONG, SHORT, UNKNOWN)


@pytest.mark.parametrize(
    ("how", "positions"),
    [
        (Explaining("integrated-gradients", n_steps=5), (50 + 20 + 10) * (3 * 5 + 3)),
        (Explaining("input-x-gradient", n_steps=5), (50 + 20 + 10) * (3 + 3)),
        (Explaining("ism"), 50 * (150 + 3) + 20 * (60 + 3) + 10 * (12 + 3)),
    ],
)
def test_positions_follow_from_lengths_and_method(
    source: ExplainedSequences, how: Explaining, positions: int
) -> None:
    found = ExplainJob(source, how).estimate()
    assert (found.n_items, found.n_explained, found.passes.positions) == (4, 3, positions)
    assert found.passes.seconds > 0 and found.passes.memory_bytes > source.model.n_bytes


@pytest.mark.parametrize("method", ["integrated-gradients", "ism"])
def test_no_more_than_a_pass_is_timed(
    source: ExplainedSequences, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 500 steps, or the mutants of 50 bases, as many as 200 positions hold."""
    timed: list[tuple[ExplainItem, int]] = []

    def attribute(model: object, items: list[ExplainItem], how: Explaining) -> None:
        timed.extend((item, how.n_steps) for item in items)

    monkeypatch.setattr(estimate_module, "attribute", attribute)
    ExplainJob(source, Explaining(method, n_steps=500, positions=200)).estimate()  # type: ignore[arg-type]
    assert len(timed) == 2 and {item.name for item, _ in timed} == {"s1"}
    assert all(n_steps == 4 for _, n_steps in timed)
    n_known = {int((item.codes < 4).sum()) for item, _ in timed}
    assert n_known == ({2} if method == "ism" else {50})
    assert LONG.startswith("".join("ACGTN"[code] for code in timed[0][0].codes if code < 4))


def test_nothing_to_explain_takes_nothing(tmp_path: Path) -> None:
    found = ExplainJob(source_of(tmp_path, "", "")).estimate()
    assert (found.n_items, found.n_explained, found.passes.positions, found.passes.seconds) == (2, 0, 0, 0.0)


def test_what_can_be_read_once_is_not_estimated() -> None:
    source = ExplainedSequences(iter(records("ACGT")), task_model(), target="a")
    with pytest.raises(InputError, match="can be read twice; give the input by its path"):
        ExplainJob(source).estimate()
