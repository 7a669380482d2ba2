"""Which output of a head is explained."""

from dna_mamba.errors import InputError
from dna_mamba.models import HeadConfig


def output_index(head: HeadConfig, target: str | None) -> int | None:
    """The index of an output by name; without one, of the only one there is, or None: what the model predicts.

    Raises:
        InputError: there is no such output, or values of several targets and none was named.
    """
    names = ", ".join(head.outputs[:10]) + (", ..." if len(head.outputs) > 10 else "")
    if target is not None:
        if target not in head.outputs:
            raise InputError(f"no output {target!r}", place="--target", remedy=f"choose from {names}")
        return head.outputs.index(target)
    if len(head.outputs) == 1:
        return 0
    if head.kind in ("values", "counts"):
        raise InputError(f"{len(head.outputs)} targets", place="--target", remedy=f"choose one of {names}")
    return None
