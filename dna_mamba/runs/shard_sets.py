"""Whether files are the shards of one run, all of them and each once."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from dna_mamba.errors import InputError
from dna_mamba.runs.shards import Claim, Shard, span_of

_ROUNDING = ("batch_size", "positions", "device")
"""What changes the last bits of a number at most."""
_AGAIN = "make this shard again"


class ClaimedFile(NamedTuple):
    """A file and what it says of itself."""

    path: str
    claim: Claim


def check_shards(shards: Sequence[ClaimedFile]) -> list[str]:
    """Refuse what does not make one whole, given by the shards' numbers; a note where batches were of different sizes.

    Raises:
        InputError: a shard of another run, missing, given twice, or of other records; names the file and the reason.
    """
    notes = _refuse_strangers(shards)
    _refuse_gaps(shards)
    return notes


def _refuse_strangers(shards: Sequence[ClaimedFile]) -> list[str]:
    notes: list[str] = []
    first, *others = shards
    for other in others:
        for name in dict.fromkeys([*first.claim.run, *other.claim.run]):
            ours, theirs = (shard.claim.run.get(name, "none") for shard in (first, other))
            if ours == theirs:
                continue
            difference = f"{name} is {theirs[:64]}, in {first.path} {ours[:64]}"
            if name not in _ROUNDING:
                remedy = "merge shards of one run: the same input, model, reference and options"
                raise InputError(f"its {difference}", place=other.path, remedy=remedy)
            notes.append(f"{other.path}: {difference}: scores are those of one run to rounding, not to the byte")
        theirs_total, ours_total = other.claim.n_records, first.claim.n_records
        if theirs_total != ours_total or other.claim.shard.total != first.claim.shard.total:
            what = f"is shard {other.claim.shard} of {theirs_total:,} records"
            ours = f"{first.path} is {first.claim.shard} of {ours_total:,}"
            raise InputError(f"{what}, but {ours}", place=other.path, remedy=_AGAIN)
    return notes


def _refuse_gaps(shards: Sequence[ClaimedFile]) -> None:
    first = shards[0].claim
    by_number = {shard.claim.shard.number: shard for shard in shards}
    for before, after in pairwise(shards):
        if before.claim.shard == after.claim.shard:
            raise InputError(f"is shard {after.claim.shard}, as {before.path} is", place=after.path, remedy="give one")
    missing = [str(Shard(i, first.shard.total)) for i in range(1, first.shard.total + 1) if i not in by_number][:5]
    if missing:
        what = f"shard {', '.join(missing)} is missing" if len(missing) == 1 else f"missing: {', '.join(missing)}"
        raise InputError(what, place="merge", remedy="give all shards of the run")
    for shard in shards:
        if shard.claim.span != span_of(shard.claim.shard, first.n_records):
            raise InputError(f"holds records {shard.claim.span}, not its own", place=shard.path, remedy=_AGAIN)
