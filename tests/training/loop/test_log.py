"""The log keeps whole rows, and nothing that is not JSON."""

import json
import math
from pathlib import Path

import pytest

from dna_mamba.training.loop.log import RunLog, read_log


def test_rows_come_back_in_order(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "log.jsonl")
    log.write("start", 0, bases=7)
    log.write("train", 1, loss_nats=1.5)
    assert list(read_log(tmp_path / "log.jsonl")) == [
        {"event": "start", "step": 0, "bases": 7},
        {"event": "train", "step": 1, "loss_nats": 1.5},
    ]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_lacks_are_refused(tmp_path: Path, bad: float) -> None:
    log = RunLog(tmp_path / "log.jsonl")
    with pytest.raises(ValueError, match="not JSON compliant"):
        log.write("train", 1, loss_nats=bad)
    assert list(read_log(tmp_path / "log.jsonl")) == []


def test_a_resumed_run_keeps_its_rows_to_the_byte_and_drops_a_torn_one(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    kept = b'{"event": "train",  "step": 1, "loss_nats": 1.50}\n'
    path.write_bytes(kept + b'{"event": "train", "step": 2}\n{"event": "tra')
    assert [row["step"] for row in read_log(path)] == [1, 2]
    RunLog(path).keep(lambda row: row["step"] <= 1)
    assert path.read_bytes() == kept
    RunLog(path).write("train", 2)
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == [1, 2]


def test_there_is_no_log_yet(tmp_path: Path) -> None:
    assert list(read_log(tmp_path / "none")) == []
    RunLog(tmp_path / "new").keep(lambda row: True)
    assert (tmp_path / "new").read_bytes() == b""
