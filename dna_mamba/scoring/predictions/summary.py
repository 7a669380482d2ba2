"""What a run answered, in a few lines for a person to read."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dna_mamba.runs.counts import Counts
from dna_mamba.scoring.predictions.status import RowStatus

_ANSWERED = (RowStatus.OK, RowStatus.EDGE_PADDED, RowStatus.N_WINDOW)


@dataclass
class PredictSummary:
    """Rows of each status."""

    by_status: Counter[RowStatus] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, statuses: Iterable[RowStatus]) -> "PredictSummary":
        """Counted."""
        return cls(Counter(statuses))

    @classmethod
    def of_counts(cls, counts: Counts) -> "PredictSummary":
        """From what ``counts`` gave, or sums of it. Raises ValueError for an unknown status."""
        group = counts.get("by_status")
        statuses = group if isinstance(group, Mapping) else {}
        return cls(Counter({RowStatus(name): n for name, n in statuses.items() if isinstance(n, int)}))

    def counts(self) -> Counts:
        """All counts by name."""
        return {"by_status": {str(status): n for status, n in self.by_status.items()}}

    @property
    def n_rows(self) -> int:
        """Rows in and out."""
        return self.by_status.total()

    @property
    def n_answered(self) -> int:
        """Rows that have an answer."""
        return sum(self.by_status[status] for status in _ANSWERED)

    def lines(self) -> list[str]:
        """Notes, rows, and the count of each status that occurred."""
        counts = ", ".join(f"{status} {n:,}" for status, n in self.by_status.most_common())
        lines = [*self.notes, f"{self.n_rows:,} rows in and out, {self.n_answered:,} answered"]
        lines += [f"status: {counts}"] if counts else []
        return lines if self.n_answered or not counts else [*lines, "warning: not a single row was answered"]
