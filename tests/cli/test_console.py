import io
import re
import sys
import time

import pytest

from dna_mamba.cli.console import format_duration, log, progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.0081, "8 ms"), (3.21, "3.2 s"), (245.2, "4 min 05 s"), (59.99, "60.0 s"), (7620, "2 h 07 min")],
)
def test_durations(seconds, said):
    assert format_duration(seconds) == said


def test_a_file_gets_one_plain_line(capsys):
    with progress("scored", unit="records", total=2000) as advance:
        advance(1500)
        advance(500)
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.startswith("scored 2,000 records in ") and written.err.endswith(" records/s)\n")
    assert written.err.count("\n") == 1


def test_a_terminal_sees_a_bar_that_leaves_the_line_alone(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress("read", unit="bases", total=4) as advance:
        advance(4)
    assert "read:   0%" in terminal.getvalue() and "| 0/4 [" in terminal.getvalue()
    assert terminal.getvalue().splitlines()[-1].endswith("bases/s)")


def test_a_smaller_unit_has_its_rate_too(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress("trained", unit="steps", total=2, each=(1000, "bp")) as advance:
        advance(1)
        time.sleep(0.15)  # bars are drawn again after a tenth of a second
        advance(1)
    steps, bases = re.search(r"\((\S+) steps/s, (\S+) bp/s\)$", terminal.getvalue().splitlines()[-1]).groups()
    assert int(bases.replace(",", "")) == pytest.approx(1000 * int(steps), rel=0.1)
    assert re.search(r"2/2 \[.* bp/s\]", terminal.getvalue())


def test_a_step_that_fails_claims_nothing(capsys):
    with pytest.raises(ValueError, match="odd"), progress("scored", unit="records") as advance:
        advance(1)
        raise ValueError("odd")
    assert capsys.readouterr().err == ""


def test_log_lines_go_to_stderr(capsys):
    log("3 contigs")
    assert capsys.readouterr() == ("", "3 contigs\n")
