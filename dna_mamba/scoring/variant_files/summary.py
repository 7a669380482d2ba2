"""What a run did, in a few lines for a person to read."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dna_mamba.alphabet import LetterCounts
from dna_mamba.runs.counts import Counts
from dna_mamba.scoring.variants.status import AlleleStatus, VariantScore


@dataclass
class ScoreSummary:
    """Counts over a run."""

    n_records: int = 0
    n_left_out: int = 0
    n_scored: int = 0
    by_status: Counter[AlleleStatus] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def add(self, scores: Sequence[VariantScore], *, left_out: bool = False) -> None:
        """Count one record; ``left_out`` says that it was asked not to be written."""
        self.n_records += 1
        self.n_left_out += left_out
        self.n_scored += sum(score.is_scored for score in scores)
        self.by_status.update(score.status for score in scores)

    def counts(self) -> Counts:
        """All counts by name."""
        by_status = {str(status): n for status, n in self.by_status.items()}
        return {"records": self.n_records, "left_out": self.n_left_out, "scored": self.n_scored, "by_status": by_status}

    @classmethod
    def of_counts(cls, counts: Counts) -> "ScoreSummary":
        """From what ``counts`` gave, or sums of it. A missing count is 0.

        Raises:
            ValueError: an unknown status.
        """
        numbers = {name: n for name, n in counts.items() if isinstance(n, int)}
        group = counts.get("by_status")
        statuses = group if isinstance(group, Mapping) else {}
        by_status = Counter({AlleleStatus(name): n for name, n in statuses.items() if isinstance(n, int)})
        return cls(numbers.get("records", 0), numbers.get("left_out", 0), numbers.get("scored", 0), by_status)

    @property
    def n_alleles(self) -> int:
        return self.by_status.total()

    def lines(self) -> list[str]:
        """Notes, records, alleles, and the count of each status that occurred."""
        counts = ", ".join(f"{status} {n:,}" for status, n in self.by_status.most_common())
        written = f"{self.n_records:,} records in and {self.n_records - self.n_left_out:,} out"
        in_and_out = written if self.n_left_out else f"{self.n_records:,} records in and out"
        line = f"{in_and_out}, {self.n_alleles:,} alleles, {self.n_scored:,} scored"
        lines = [*self.notes, line, *([f"status: {counts}"] if counts else [])]
        return lines if self.n_scored or not counts else [*lines, "warning: not a single allele was scored"]


def letters_line(counts: Iterable[LetterCounts]) -> str:
    """What the reference is made of, and what became of letters other than A, C, G, T."""
    total = sum(counts, LetterCounts(0, 0, 0, 0, 0))
    return (
        f"reference: {total.length:,} bp, {total.n_unknown:,} N, {total.n_ambiguous:,} other ambiguity codes "
        f"(read as N), {total.n_soft_masked:,} soft-masked (read as their bases)"
    )
