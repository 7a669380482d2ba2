"""Counts of a run, and of its shards together."""

from dna_mamba.runs.counts import add_counts
from dna_mamba.scoring.predictions.status import RowStatus
from dna_mamba.scoring.predictions.summary import PredictSummary


def test_counts_add_up_and_are_told():
    one, two = PredictSummary(), PredictSummary()
    one.by_status.update([RowStatus.OK, RowStatus.EMPTY])
    two.by_status.update([RowStatus.OK, RowStatus.N_WINDOW])
    both = PredictSummary.of_counts(add_counts(one.counts(), two.counts()))
    assert both.lines() == ["4 rows in and out, 3 answered", "status: OK 2, EMPTY 1, N_WINDOW 1"]


def test_nothing_answered_is_a_warning_unless_nothing_was_asked():
    nothing = PredictSummary()
    assert nothing.lines() == ["0 rows in and out, 0 answered"]
    nothing.by_status.update([RowStatus.EMPTY])
    assert nothing.lines()[-1] == "warning: not a single row was answered"
