"""What a run counts: items done, for who watches, and totals by name, which add up over its parts."""

from collections.abc import Callable, Mapping

Advance = Callable[[int], None]
"""Told how many more items are done."""
Counts = Mapping[str, "int | Counts"]
"""Numbers by name, ready for JSON; a name may stand for a group of them."""


def untold(count: int) -> None:
    """An ``Advance`` for work that nobody watches."""


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
