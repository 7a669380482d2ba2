"""What a run counted, by name, so that the counts of its parts add up to those of the whole."""

from collections.abc import Mapping

Counts = Mapping[str, "int | Counts"]
"""Numbers by name, ready for JSON; a name may stand for a group of them."""


def add_counts(ours: Counts, theirs: Counts) -> Counts:
    """The sum, name by name, in the order in which names first appear."""
    total = dict(ours)
    for name, more in theirs.items():
        had = total.get(name)
        if isinstance(more, Mapping):
            total[name] = add_counts(had if isinstance(had, Mapping) else {}, more)
        else:
            total[name] = more + (had if isinstance(had, int) else 0)
    return total


def check_counts(counts: object) -> Counts:
    """What was read from JSON, if it is counts. Raises TypeError or ValueError if it is not."""
    if not isinstance(counts, Mapping):
        raise TypeError("counts are numbers by name")
    return {
        str(name): check_counts(value) if isinstance(value, Mapping) else _check_number(value)
        for name, value in counts.items()
    }


def _check_number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is not a count")
    return value
