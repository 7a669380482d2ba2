"""Sequences, or regions of a genome, and what a head says of each."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from dna_mamba.alphabet import N_CODE, Codes, bases_of, encode_bases
from dna_mamba.errors import InputError
from dna_mamba.explain.explained import HeadAnswer, unit_of
from dna_mamba.explain.items import ExplainItem, ExplainStatus
from dna_mamba.explain.outputs import output_index
from dna_mamba.genome import Contig, Interval, Strand
from dna_mamba.inference.open import as_task_model, fingerprint
from dna_mamba.inference.sequence_source import Records, SequenceSource
from dna_mamba.io.fasta import FastaReader
from dna_mamba.models import TaskModel
from dna_mamba.models.precision import Precision
from dna_mamba.sequences.regions import as_reference
from dna_mamba.sequences.windows import MAX_UNKNOWN_SHARE


class ExplainedSequences:
    """What a head for sequences, bases or tracks says of each sequence.

    Args:
        records: sequences, or a FASTA, GenBank or EMBL file; with ``regions`` a genome, open or by path.
        model: with the head, or where it is.
        regions: places on the genome, which are read alone; strand ``-`` as its reverse complement.
        target: which output is explained; None is the class or label that is predicted, or the only one there is.
        at: of a head along the sequence, the 0-based position asked about; None is the middle.
        device: where the model runs; default where it is, the CPU for one that is loaded.
        precision: ``float32``, ``tf32``, ``bfloat16`` or ``auto`` (see ``models.precision``); default the model's own.

    Attributes:
        model: with the head.
        outputs: names of what it says.
        unit: of the attributions.

    Raises:
        InputError: the model has no such head or output, or a region is not on the genome.
    """

    what = "sequences"

    def __init__(
        self,
        records: Records,
        model: TaskModel | str | Path,
        *,
        regions: Iterable[Interval | str] | None = None,
        target: str | None = None,
        at: int | None = None,
        device: str | torch.device | None = None,
        precision: Precision | None = None,
    ) -> None:
        self._given_model = model
        self.model = as_task_model(model, device, precision)
        head = self.model.head_config
        if head.task == "variant":
            raise InputError("a head for variants says nothing of sequences", remedy="give variants, and -f REF.fa")
        if at is not None and not head.by_position:
            raise InputError(f"a head for {head.task} answers once for a sequence", place="--at", remedy="leave it out")
        self.outputs, self.unit = head.outputs, unit_of(self.model)
        self._answer, self._output = HeadAnswer(self.model, at), output_index(head, target)
        self._genome: FastaReader | None = None
        if isinstance(records, FastaReader) or (regions is not None and isinstance(records, str | Path)):
            records = self._genome = as_reference(records)
        self._source = SequenceSource(records, regions)

    @property
    def is_repeatable(self) -> bool:
        """Whether the sequences can be read more than once."""
        return self._source.is_repeatable

    @property
    def places(self) -> Iterator[Interval]:
        """Where each item lies, in order: what tracks are written over."""
        if self._source.regions is not None:
            return iter(self._source.regions)
        return (Interval(record.name, 0, len(record.sequence)) for record in self._source)

    @cached_property
    def contigs(self) -> list[Contig]:
        """What the positions lie on: the genome's contigs, or the sequences themselves."""
        if self._genome is not None:
            return list(self._genome.contigs)
        return [Contig(place.chrom, len(place)) for place in self.places]

    def survey(self) -> int:
        """How many there are, all checked without the model. Raises InputError as ``items``."""
        return sum(1 for _ in self.items())

    def facts(self) -> dict[str, str]:
        """What decides the answers, by name."""
        at = "" if self._answer.at is None else str(self._answer.at)
        named = {"model": fingerprint(self._given_model), "target": str(self._output), "at": at}
        return named | (self._source.facts() if self.is_repeatable else {})

    def named(self) -> dict[str, str]:
        """What names the model and the sequences; of sequences that can be read but once, the model alone."""
        sequences = self._source.fingerprint() if self.is_repeatable else {}
        return {"weights_sha256": fingerprint(self._given_model), **sequences}

    def items(self) -> Iterator[ExplainItem]:
        """One for each sequence, in order.

        Raises:
            InputError: a letter is not a nucleotide code, or a sequence has no answer at ``at``.
        """
        regions = iter(self._source.regions or ())
        for record in self._source:
            codes = encode_bases(record.sequence, place=record.name)
            region = next(regions, None)
            yield self._item(record.name, region, codes)

    def _item(self, name: str, region: Interval | None, codes: Codes) -> ExplainItem:
        bases, positions = bases_of(codes), _positions(region, len(codes))
        parts, chrom = np.zeros(len(bases), dtype=np.uint8), name if region is None else region.chrom
        if not len(bases):
            return ExplainItem(name, ExplainStatus.EMPTY, chrom, positions, parts, bases, None)
        self._check_long_enough(name, len(bases))
        is_unknown = np.count_nonzero(bases == N_CODE) > MAX_UNKNOWN_SHARE * len(bases)
        status = ExplainStatus.N_WINDOW if is_unknown else ExplainStatus.OK
        return ExplainItem(name, status, chrom, positions, parts, bases, self._answer, self._output)

    def _check_long_enough(self, name: str, length_bp: int) -> None:
        bin_bp, at = self.model.head_config.bin_bp or 1, self._answer.at
        if length_bp < bin_bp:
            what = f"{length_bp} bp are less than a bin of {bin_bp} bp"
            raise InputError(what, place=name, remedy="give longer sequences")
        if at is not None and at >= length_bp // bin_bp * bin_bp:
            what = f"no answer at position {at + 1} of {length_bp:,} bp"
            raise InputError(what, place=name, remedy="give a position that every sequence has")


def _positions(region: Interval | None, length: int) -> NDArray[np.int64]:
    """0-based, in the order in which bases are read."""
    if region is None:
        return np.arange(length)
    positions = np.arange(region.start, region.end)
    return positions[::-1] if region.strand is Strand.REVERSE else positions
