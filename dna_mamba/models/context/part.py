"""Which part of a batch of sequences a process holds, and how tensors are cut to it."""

from dataclasses import dataclass, replace

import torch
import torch.distributed as dist
from torch import Tensor

from dna_mamba.models.context.gather import gather


@dataclass(frozen=True)
class SequencePart:
    """The part of sequences of one length that this process holds, where the ranks of a group hold all of them.

    Rank r holds positions ``length * r // size`` up to ``length * (r + 1) // size``: parts differ by one position at
    most, and are empty on some ranks where a sequence is shorter than the group is large.

    Where both strands are run, the other strand is cut at the same places: a rank holds the reverse complement of its
    own part, turned round as a whole, so that what is said of a base by both strands is joined where the base is. That
    strand's parts follow one another from the last rank to the first, and its padding, if any, comes first.

    Attributes:
        group: the processes that hold the sequences together; None is all of them.
        rank: of this process in the group.
        size: of the group.
        length: of the whole sequences, padding included.
        strands: 2 if the second half of the rows are the other strand's.
    """

    group: dist.ProcessGroup | None
    rank: int
    size: int
    length: int
    strands: int = 1

    @classmethod
    def here(cls, length: int, group: dist.ProcessGroup | None = None) -> "SequencePart":
        """This process's part of sequences of ``length`` tokens over a group of ``torch.distributed``."""
        return cls(group, dist.get_rank(group), dist.get_world_size(group), length)

    @property
    def window(self) -> slice:
        """The positions of the whole sequence that lie here."""
        return self.window_of(self.rank)

    def window_of(self, rank: int) -> slice:
        """The positions of the whole sequence that lie on a rank."""
        return slice(self.length * rank // self.size, self.length * (rank + 1) // self.size)

    def positions_of(self, rank: int) -> int:
        """How many positions lie on a rank."""
        return self.length * (rank + 1) // self.size - self.length * rank // self.size

    def of(self, x: Tensor) -> Tensor:
        """The part of a tensor (B, L, ...) over whole sequences that belongs here.

        Raises:
            ValueError: it is not as long as the sequences are.
        """
        if x.shape[1] != self.length:
            raise ValueError(f"a tensor over {x.shape[1]} positions is not one of sequences of {self.length}")
        return x[:, self.window]

    def lengths(self, lengths_B: Tensor | None) -> Tensor | None:
        """Of lengths of whole sequences, int64 (B,), how much lies here: 0 where only padding does."""
        window = self.window
        return None if lengths_B is None else (lengths_B - window.start).clamp(0, window.stop - window.start)

    def check(self, ids_BL: Tensor) -> None:
        """Raises ValueError unless token ids (B, L) are as long as the part is."""
        here = self.positions_of(self.rank)
        if ids_BL.shape[1] != here:
            raise ValueError(
                f"rank {self.rank} of {self.size} got {ids_BL.shape[1]} tokens, not the {here} that it holds "
                f"of sequences of {self.length}"
            )

    @property
    def of_both_strands(self) -> "SequencePart":
        """The same where the other strand's rows follow this strand's."""
        return replace(self, strands=2)

    def strands_of(self, x: Tensor) -> tuple[Tensor, ...]:
        """The rows of each strand."""
        return (x,) if self.strands == 1 else x.chunk(2)

    def turned(self, x_BLC: Tensor) -> Tensor:
        """With the rows of the other strand, if there are any, turned round: (B, L, ...) along the length."""
        if self.strands == 1:
            return x_BLC
        this, other = self.strands_of(x_BLC)
        return torch.cat([this, other.flip(1)])

    def before(self, *, ascending: bool) -> range:
        """The ranks that hold what is read before this part, the first read first."""
        return range(self.rank) if ascending else range(self.size - 1, self.rank, -1)

    def gather(self, x: Tensor) -> Tensor:
        """``gather`` over the ranks of the group, (size, *shape)."""
        return gather(x, self.group)
