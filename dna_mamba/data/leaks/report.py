"""Leaks in numbers: how many windows, at which shares, the worst ones and where they stand in training."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dna_mamba.data.leaks.search import find_leaks, training_matches
from dna_mamba.data.leaks.settings import HomologyConfig, LeakSettings
from dna_mamba.data.leaks.windows import WindowLeak
from dna_mamba.data.splits import HELD_OUT, Split, without
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval

THRESHOLDS = (0.1, 0.25, 0.5, 0.75, 0.9)


class LeakReport(NamedTuple):
    """Every window of some held-out places and how much of it stands in training."""

    windows: Sequence[WindowLeak]
    settings: LeakSettings

    @property
    def held_out_bp(self) -> int:
        """Of all windows."""
        return sum(len(leak.window) for leak in self.windows)

    @property
    def leaking(self) -> list[WindowLeak]:
        """Windows of which ``settings.share`` or more stands in training."""
        return [leak for leak in self.windows if leak.share >= self.settings.share]

    def worst(self, n: int) -> list[WindowLeak]:
        """The leaking windows with most of them in training, the most alike first."""
        return sorted(self.leaking, key=lambda leak: (-leak.share, -leak.identity))[:n]

    def share_at(self, threshold: float) -> float:
        """Share of windows of which this share or more stands in training; 0 without windows."""
        return sum(leak.share >= threshold for leak in self.windows) / max(1, len(self.windows))

    def facts(self) -> dict[str, Any]:
        """What a log or a program wants to know, without the windows."""
        return {
            **self.settings.model_dump(include=set(LeakSettings.model_fields)),
            "held_out_bp": self.held_out_bp,
            "windows": len(self.windows),
            "leaking_windows": len(self.leaking),
            "leaking_bp": sum(len(leak.window) for leak in self.leaking),
            "share_of_windows_at": {f"{threshold:g}": self.share_at(threshold) for threshold in THRESHOLDS},
        }


def homology_report(split: Split, settings: HomologyConfig) -> Split:
    """Look for held-out sequence in training, and take out what ``settings.action`` says; the split with the facts.

    ``exclude-training`` takes out of training what leaking windows match there, and looks again: what then still leaks
    does so by short repeats. ``exclude-held-out`` takes leaking windows out of validation and test.

    Raises:
        InputError: nothing would be left to train on, or of what is held out.
    """
    leaks = _leaks_by_use(split, settings)
    facts: dict[str, Any] = {"action": settings.action, **{use: found.facts() for use, found in leaks.items()}}
    windows = [leak.window for found in leaks.values() for leak in found.leaking]
    if settings.action == "exclude-held-out" and windows:
        split = excluding(split, windows)
        facts["excluded_bp"] = sum(map(len, windows))
    elif settings.action == "exclude-training" and windows:
        stretches = training_matches(split.genome, windows, split.train, settings)
        split = excluding(split, stretches)
        facts["excluded_bp"] = sum(map(len, stretches))
        facts["after"] = {use: found.facts() for use, found in _leaks_by_use(split, settings).items()}
    return split._replace(homology=facts)


def homology_lines(facts: Mapping[str, Any]) -> list[str]:
    """The facts of ``homology_report`` in words, for a log and a card."""
    lines = [_words(use, facts[use]) for use in HELD_OUT if use in facts]
    if "excluded_bp" in facts:
        after = facts.get("after", {})
        left = "; then " + "; ".join(_words(use, found) for use, found in after.items()) if after else ""
        lines.append(f"{facts['action']}: {facts['excluded_bp']:,} bp{left}")
    return lines


def excluding(split: Split, places: Sequence[Interval]) -> Split:
    """The split with some places taken out of every use.

    Raises:
        InputError: nothing of training, or of another use that held some, is left.
    """
    uses = {use: without(getattr(split, use), places) for use in ("train", *HELD_OUT)}
    for use, left in uses.items():
        if any(map(len, getattr(split, use))) and not any(map(len, left)):
            remedy = "raise genome.homology.share, choose another action, or hold other places out"
            raise InputError(f"no sequence is left of {use}", place="genome.homology", remedy=remedy)
    return split._replace(
        train=uses["train"],
        validation=uses["validation"],
        test=uses["test"],
        excluded=(*split.excluded, *places),
    )


def _leaks_by_use(split: Split, settings: HomologyConfig) -> dict[str, LeakReport]:
    return {
        use: LeakReport(find_leaks(split.genome, places, split.train, settings), settings)
        for use in HELD_OUT
        if (places := getattr(split, use))
    }


def _words(use: str, facts: Mapping[str, Any]) -> str:
    windows = f"{facts['leaking_windows']:,} of {facts['windows']:,} windows of {facts['window_bp']:,} bp"
    like = "80-90 %" if facts["sensitive"] else "90-95 %"
    return f"{use}: {windows} stand in training to {facts['share']:.0%} or more (copies down to {like} identity)"
