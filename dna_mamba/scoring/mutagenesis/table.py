"""What a model says of every substitution at neighbouring positions, as arrays and as a table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dna_mamba.alphabet import BASES, N_CODE, Codes, bases_of, decode_bases
from dna_mamba.extras import need
from dna_mamba.scoring.mutagenesis.sites import Asking
from dna_mamba.sequences.windows import flank_bp

COLUMNS = ("chrom", "pos", "ref", "alt", "llr", "p_ref", "p_alt", "entropy")
MISSING = "."


@dataclass(frozen=True)
class Mutagenesis:
    """Neighbouring positions and what the model expects at each.

    Attributes:
        chrom: name of the sequence.
        start: 0-based position of the first one.
        codes: reference bases as codes of ``dna_mamba.alphabet``, uint8 (L,).
        log_probabilities: natural log of p(A, C, G, T), float32 (L, 4); each row's probabilities add up to one.
    """

    chrom: str
    start: int
    codes: Codes
    log_probabilities: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def sequence(self) -> str:
        """The reference in upper-case letters, anything but A, C, G, T as N."""
        return decode_bases(bases_of(self.codes))

    @property
    def llr(self) -> NDArray[np.float32]:
        """LLR = ln p(base) - ln p(reference) in nats, float32 (L, 4): 0 at the reference, NaN where that is N."""
        bases = bases_of(self.codes)
        known = bases < N_CODE
        ref_L1 = np.where(known, bases, 0).astype(np.intp)[:, None]
        llr_L4 = self.log_probabilities - np.take_along_axis(self.log_probabilities, ref_L1, axis=1)
        return np.where(known[:, None], llr_L4 + np.float32(0), np.float32(np.nan))

    @property
    def entropy(self) -> NDArray[np.float32]:
        """- sum p ln p over the four bases in nats, float32 (L,): 0 where one base is certain, ln 4 at most."""
        entropy_L: NDArray[np.float32] = -(np.exp(self.log_probabilities) * self.log_probabilities).sum(axis=1)
        return entropy_L

    def columns(self) -> dict[str, list[Any]]:
        """The table by column, a row for each substitution: chrom, pos (1-based), ref, alt, llr, p_ref, p_alt, entropy.

        Where the reference is N there are four rows, whose llr and p_ref are None.
        """
        p_L4, llr_L4, entropy_L = np.exp(self.log_probabilities), self.llr, self.entropy
        table: dict[str, list[Any]] = {name: [] for name in COLUMNS}
        for i, ref in enumerate(self.sequence):
            p = dict(zip(BASES, p_L4[i].tolist(), strict=True))
            for alt, llr in zip(BASES, llr_L4[i].tolist(), strict=True):
                if alt != ref:
                    known = ref in p
                    row = (self.chrom, self.start + i + 1, ref, alt, llr if known else None, p.get(ref), p[alt])
                    for name, value in zip(COLUMNS, (*row, float(entropy_L[i])), strict=True):
                        table[name].append(value)
        return table

    def to_frame(self) -> Any:
        """``columns`` as a pandas DataFrame.

        Raises:
            InputError: pandas is not installed.
        """
        return need("pandas", what="a data frame", instead="take .columns()").DataFrame(self.columns())


def joined(parts: Sequence[Mutagenesis]) -> Mutagenesis:
    """Consecutive pieces of one region as one."""
    first = parts[0]
    codes = np.concatenate([part.codes for part in parts])
    return Mutagenesis(first.chrom, first.start, codes, np.concatenate([part.log_probabilities for part in parts]))


def table_header(scores: Asking, context_bp: int) -> list[str]:
    """What the columns are, as ``##`` lines, and their names."""
    flank = flank_bp(context_bp)
    seen = {
        "llr": f"the site masked in a window of {2 * flank + 1} bp centred on it",
        "wt-llr": f"nothing masked, one pass over the region and {flank} bp on either side",
    }[scores]
    return [
        "##pos: 1-based; a row for each substitution, four rows with llr and p_ref . where the reference is N",
        f"##llr: ln p(alt) - ln p(ref) in nats, {seen}, both strands joined; below 0: alt less likely than ref",
        f"##p_ref, p_alt: probabilities among A, C, G and T, {seen}, both strands joined",
        "##entropy: - sum p ln p over A, C, G and T in nats; 0 (certain) to ln 4 = 1.386 (no idea)",
        "#" + "\t".join(COLUMNS),
    ]


def table_rows(result: Mutagenesis) -> Iterator[str]:
    """Rows, tab-separated; numbers with nine significant digits."""
    for row in zip(*result.columns().values(), strict=True):
        yield "\t".join(_cell(value) for value in row)


def _cell(value: Any) -> str:
    if value is None:
        return MISSING
    return f"{value:.9g}" if isinstance(value, float) else str(value)
