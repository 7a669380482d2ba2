"""Held-out windows in which every base is predicted once, few at a time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from dna_mamba.data.batches import Row
from dna_mamba.data.genomes import ContigCodes
from dna_mamba.tokenizers import Tokenizer


class HeldOutPlan(BaseModel):
    """How a held-out sequence is cut and masked.

    Windows of ``window_bp`` overlap by twice ``margin_bp``; predictions are asked only inside the margins, except at
    the ends of the sequence. One base in ``mask_every`` is masked at a time, in ``phases`` of the ``mask_every``
    possible ways: with all of them each base is predicted exactly once. ``max_windows`` takes evenly spaced windows of
    all, as many of each genome as there are. ``contexts`` are window lengths in bp to compare at the end of a run.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    window_bp: int = Field(default=1024, gt=0)
    margin_bp: int = Field(default=128, ge=0)
    mask_every: int = Field(default=16, gt=1)
    phases: int = Field(default=16, gt=0)
    max_windows: int | None = Field(default=None, gt=0)
    contexts: tuple[Annotated[int, Field(gt=0)], ...] = ()

    @model_validator(mode="after")
    def _is_consistent(self) -> "HeldOutPlan":
        if self.phases > self.mask_every:
            raise ValueError("phases must not pass mask_every")
        if 2 * self.margin_bp >= self.window_bp:
            raise ValueError("twice margin_bp must be less than window_bp")
        return self

    @model_serializer(mode="wrap")
    def _leave_out_no_contexts(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in write(self).items() if key != "contexts" or value}


def held_out_rows(sequences: Iterable[ContigCodes], plan: HeldOutPlan, tokenizer: Tokenizer) -> Iterator[Row]:
    """All rows of the plan over base codes, uint8 (L,) each, in a fixed order.

    Tokens outside ``tokenizer.maskable_ids`` are never asked for. Where a token is several bases, its place is taken as
    its share of the window.
    """
    places = [(codes, window) for codes in sequences for window in _windows(len(codes), plan)]
    if plan.max_windows is not None and plan.max_windows < len(places):
        places = [places[i] for i in np.linspace(0, len(places) - 1, plan.max_windows).astype(int)]
    for codes, window in places:
        ids = tokenizer.encode_codes(codes[window.start : window.end])
        first = window.start * len(ids) // (window.end - window.start)
        positions = first + np.arange(len(ids))
        bp = window.start + np.arange(len(ids)) * (window.end - window.start) // max(1, len(ids))
        asked = (bp >= window.asked_start) & (bp < window.asked_end) & np.isin(ids, tokenizer.maskable_ids)
        for phase in range(plan.phases):
            chosen = asked & (positions % plan.mask_every == phase * plan.mask_every // plan.phases)
            if chosen.any():
                yield Row(np.where(chosen, tokenizer.mask_id, ids), ids, chosen.astype(np.float32))


def count_rows(sequences: Iterable[ContigCodes], plan: HeldOutPlan) -> int:
    """At most how many rows ``held_out_rows`` yields."""
    n_windows = count_windows(sequences, plan)
    return min(n_windows, plan.max_windows or n_windows) * plan.phases


def count_windows(sequences: Iterable[ContigCodes], plan: HeldOutPlan) -> int:
    """Windows that some sequences are cut into, were all of them taken."""
    return sum(1 for codes in sequences for _ in _windows(len(codes), plan))


def plans_by_group(groups: Mapping[str, Sequence[ContigCodes]], plan: HeldOutPlan) -> dict[str, HeldOutPlan]:
    """A plan for each group, ``max_windows`` divided among them; groups that get no window are left out."""
    if plan.max_windows is None:
        return dict.fromkeys(groups, plan)
    shares = even_shares([count_windows(sequences, plan) for sequences in groups.values()], plan.max_windows)
    given = {name: share for name, share in zip(groups, shares, strict=True) if share}
    return {name: plan.model_copy(update={"max_windows": share}) for name, share in given.items()}


def even_shares(sizes: Sequence[int], total: int) -> list[int]:
    """``total`` divided evenly among groups, none of which gets more than its size: the others get what it leaves.

    Where it does not divide, those that get one more are spread over the groups.
    """
    shares, left = [0] * len(sizes), total
    while left and (open_groups := [i for i, size in enumerate(sizes) if shares[i] < size]):
        each = left // len(open_groups)
        if each == 0:
            open_groups = [open_groups[i] for i in np.linspace(0, len(open_groups) - 1, left).astype(int)]
        for group in open_groups:
            added = min(sizes[group] - shares[group], max(1, each))
            shares[group] += added
            left -= added
    return shares


class _AskedWindow(NamedTuple):
    """A window and the part of it that is asked for, both half-open."""

    start: int
    end: int
    asked_start: int
    asked_end: int


def _windows(length: int, plan: HeldOutPlan) -> Iterator[_AskedWindow]:
    """Windows whose asked parts partition a sequence."""
    start, asked_start = 0, 0
    while asked_start < length:
        start = max(0, min(start, length - plan.window_bp))
        end = min(length, start + plan.window_bp)
        asked_end = length if end == length else end - plan.margin_bp
        yield _AskedWindow(start, end, asked_start, asked_end)
        asked_start, start = asked_end, start + plan.window_bp - 2 * plan.margin_bp
