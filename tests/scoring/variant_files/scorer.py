"""A scorer whose results are known."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from dna_mamba.genome import Variant
from dna_mamba.io.vcf import VcfRecord
from dna_mamba.scoring import AlleleStatus, VariantScore

_STATUSES = {"C": AlleleStatus.OK, "G": AlleleStatus.REF_MISMATCH, "T": AlleleStatus.REF_MISMATCH}


class KnownScorer:
    """C scores 1, G and T differ from the reference, everything else is symbolic; takes all records, then answers.

    Attributes:
        calls: names of the records of each call, which a batch of the model would hold together.
    """

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def score(
        self, groups: Iterable[VcfRecord], alleles: Callable[[VcfRecord], Sequence[Variant]]
    ) -> Iterator[tuple[VcfRecord, tuple[VariantScore, ...]]]:
        taken = list(groups)
        self.calls.append([record.id for record in taken])
        for record in taken:
            yield record, tuple(_scored(variant) for variant in alleles(record))


def _scored(variant: Variant) -> VariantScore:
    status = _STATUSES.get(variant.alt, AlleleStatus.SYMBOLIC)
    return VariantScore(variant, status, {"llr": 1.0} if status is AlleleStatus.OK else {})
