"""Levels at which two sets of coding transcripts are compared: counts of what is known, predicted, found and right."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import Codes, decode_bases, reverse_complement
from dna_mamba.annotation.coding_parts import CodingTranscript

LEVELS = ("base", "exon", "intron", "intron chain", "transcript", "locus", "start", "stop")


class Agreement(NamedTuple):
    """How many are known and predicted, and how many of each the other has."""

    known: int
    predicted: int
    found: int
    right: int

    @property
    def recall(self) -> float:
        """Share of the known that are found; NaN where none is known."""
        return self.found / self.known if self.known else float("nan")

    @property
    def precision(self) -> float:
        """Share of the predicted that are known; NaN where none is predicted."""
        return self.right / self.predicted if self.predicted else float("nan")

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        total = self.recall + self.precision
        return 2 * self.recall * self.precision / total if total > 0 else (0.0 if total == 0 else float("nan"))

    def as_json(self) -> dict[str, float | int | None]:
        """Counts and shares; None for what is not defined."""
        shares = {"recall": self.recall, "precision": self.precision, "f1": self.f1}
        return {**self._asdict(), **{name: None if value != value else value for name, value in shares.items()}}


class AnnotationReport(NamedTuple):
    """What was found.

    ``levels`` by name; ``same_start`` of the genes whose stop is found, those with a known start; ``introns`` counts
    the bases at the ends of introns, known and predicted; ``facts`` are plain values; ``notes`` lines for people.
    """

    levels: dict[str, Agreement]
    same_start: Agreement
    introns: dict[str, Counter[str]]
    facts: dict[str, Any]
    notes: list[str]

    def as_json(self) -> dict[str, Any]:
        """Everything as plain values."""
        levels = {name: level.as_json() for name, level in self.levels.items()}
        same = self.same_start
        found = {"known": same.known, "same": same.found, "share": _defined(same.recall)}
        return {
            **self.facts,
            "levels": levels,
            "starts_of_found_stops": found,
            "introns": {name: {**counts, "GT-AG share": gt_ag_share(counts)} for name, counts in self.introns.items()},
        }


def gt_ag_share(counts: Counter[str]) -> float | None:
    """Of introns by the bases at their ends; None where there are none."""
    return counts["GT-AG"] / counts.total() if counts else None


def _defined(value: float) -> float | None:
    return None if value != value else value


class LevelTables:
    """Adds up the levels contig by contig."""

    def __init__(self) -> None:
        self._levels = {name: Agreement(0, 0, 0, 0) for name in LEVELS}
        self._same_start = Agreement(0, 0, 0, 0)
        self._introns: dict[str, Counter[str]] = {"known": Counter(), "predicted": Counter()}

    def add(self, known: Sequence[CodingTranscript], predicted: Sequence[CodingTranscript], bases: Codes) -> None:
        """The transcripts of one contig, each place once; ``bases`` are its codes without soft-mask bits."""
        self._count("base", _base_agreement(known, predicted, len(bases)))
        for name, parts in _PARTS.items():
            own, other = ({part for item in items for part in parts(item)} for items in (known, predicted))
            self._count(name, Agreement(len(own), len(other), len(own & other), len(own & other)))
        self._count("locus", _locus_agreement(known, predicted))
        self._add_starts(known, predicted)
        for name, items in (("known", known), ("predicted", predicted)):
            introns = {(item.strand, *intron) for item in items for intron in item.introns}
            self._introns[name].update(_ends(bases, *intron) for intron in introns)

    def _count(self, name: str, more: Agreement) -> None:
        self._levels[name] = Agreement(*(a + b for a, b in zip(self._levels[name], more, strict=True)))

    def _add_starts(self, known: Sequence[CodingTranscript], predicted: Sequence[CodingTranscript]) -> None:
        starts: dict[tuple[str, int], set[int]] = {}
        for item in known:
            starts.setdefault((item.strand, item.last), set()).add(item.first)
        guessed: dict[tuple[str, int], set[int]] = {}
        for item in predicted:
            guessed.setdefault((item.strand, item.last), set()).add(item.first)
        shared = starts.keys() & guessed.keys()
        same = sum(not starts[stop].isdisjoint(guessed[stop]) for stop in shared)
        before = self._same_start
        n = len(shared)
        self._same_start = Agreement(before.known + n, before.predicted + n, before.found + same, before.right + same)

    def report(self, facts: dict[str, Any], notes: list[str]) -> AnnotationReport:
        """What has been added up."""
        return AnnotationReport(self._levels, self._same_start, self._introns, facts, notes)


_PARTS: dict[str, Callable[[CodingTranscript], list[tuple[Any, ...]]]] = {
    "exon": lambda item: [(item.strand, *span) for span in item.spans],
    "intron": lambda item: [(item.strand, *span) for span in item.introns],
    "intron chain": lambda item: [(item.strand, item.introns)] if item.introns else [],
    "transcript": lambda item: [(item.strand, item.spans)],
    "start": lambda item: [(item.strand, item.first)],
    "stop": lambda item: [(item.strand, item.last)],
}


def _base_agreement(
    known: Sequence[CodingTranscript], predicted: Sequence[CodingTranscript], length: int
) -> Agreement:
    """Bases coding on the same strand; one that codes on both strands counts for both."""
    total = np.zeros(4, dtype=np.int64)
    for strand in "+-":
        own, other = (_covered(items, strand, length) for items in (known, predicted))
        n_both = np.count_nonzero(own & other)
        total += [np.count_nonzero(own), np.count_nonzero(other), n_both, n_both]
    return Agreement(*total.tolist())


def _covered(items: Sequence[CodingTranscript], strand: str, length: int) -> NDArray[np.bool_]:
    covered = np.zeros(length, dtype=bool)
    for item in items:
        if item.strand == strand:
            for start, end in item.spans:
                covered[start:end] = True
    return covered


def _locus_agreement(known: Sequence[CodingTranscript], predicted: Sequence[CodingTranscript]) -> Agreement:
    """Loci of which a transcript is there to the base."""
    shared = set(known) & set(predicted)
    own, other = _loci(known), _loci(predicted)
    found, right = (sum(not shared.isdisjoint(locus) for locus in loci) for loci in (own, other))
    return Agreement(len(own), len(other), found, right)


def _loci(items: Sequence[CodingTranscript]) -> list[list[CodingTranscript]]:
    """Transcripts joined by exons that overlap on a strand; a gene in another's intron is a locus of its own."""
    joined = list(range(len(items)))
    exons = sorted((item.strand, *span, number) for number, item in enumerate(items) for span in item.spans)
    before, reached = ("", 0), 0
    for strand, start, end, number in exons:
        if (strand, start) < (before[0], reached):
            first, second = (_root(joined, one) for one in (before[1], number))
            joined[first] = second
        else:
            reached = 0
        before, reached = (strand, number), max(reached, end)
    loci: dict[int, list[CodingTranscript]] = {}
    for number, item in enumerate(items):
        loci.setdefault(_root(joined, number), []).append(item)
    return list(loci.values())


def _root(joined: list[int], number: int) -> int:
    while joined[number] != number:
        joined[number] = joined[joined[number]]
        number = joined[number]
    return number


def _ends(bases: Codes, strand: str, start: int, end: int) -> str:
    """The two bases at either end of an intron, read on its strand."""
    left, right = decode_bases(bases[start : start + 2]), decode_bases(bases[end - 2 : end])
    return f"{left}-{right}" if strand == "+" else f"{reverse_complement(right)}-{reverse_complement(left)}"
