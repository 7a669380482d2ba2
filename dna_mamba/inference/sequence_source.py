"""Sequences in order: where they lie, and what tells of their origin once all are read."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.io.fasta import FastaReader, FastaRecord, read_sequences
from dna_mamba.runs import InputFile, can_be_read_twice
from dna_mamba.sequences.regions import as_reference, as_regions, contig_sequences, region_sequences

Records = Iterable[FastaRecord] | FastaReader | str | Path


class SequenceSource:
    """Sequences, or regions of a genome; iterating opens a file anew.

    Args:
        records: sequences, or a FASTA, GenBank or EMBL file; with ``regions`` a genome, open or by path.
        regions: places on the genome; None takes whole sequences.

    Attributes:
        regions: the places, None for sequences that came without one.

    Raises:
        InputError: regions of what is not a genome, or that are not on it.
    """

    def __init__(self, records: Records, regions: Iterable[Interval | str] | None = None) -> None:
        self._genome: FastaReader | None = None
        self.regions: tuple[Interval, ...] | None = None
        if isinstance(records, FastaReader) or (regions is not None and isinstance(records, str | Path)):
            self._genome = as_reference(records)
            self.regions = None if regions is None else as_regions(regions, self._genome)
        elif regions is not None:
            raise InputError("regions of sequences that are not a genome", remedy="give a FastaReader or a FASTA file")
        self._records = records
        self._sha256 = hashlib.sha256()

    @property
    def is_repeatable(self) -> bool:
        """Whether the sequences can be read more than once: a genome, or a file."""
        if self._genome is not None:
            return True
        return isinstance(self._records, str | Path) and can_be_read_twice(self._records)

    def __iter__(self) -> Iterator[FastaRecord]:
        if self._genome is not None and self.regions is not None:
            return region_sequences(self._genome, self.regions)
        if self._genome is not None:
            return contig_sequences(self._genome)
        records = read_sequences(self._records) if isinstance(self._records, str | Path) else self._records
        return self._hashed(records)  # type: ignore[arg-type]

    def _hashed(self, records: Iterable[FastaRecord]) -> Iterator[FastaRecord]:
        """Sum up name, length and MD5 of records as they pass: ``FastaReader.fingerprint`` of a file of them."""
        self._sha256 = hashlib.sha256()
        for record in records:
            md5 = hashlib.md5(record.sequence.upper(), usedforsecurity=False).hexdigest()
            line = f"{record.name}\t{len(record.sequence)}\t{md5}\n"
            self._sha256.update(line.encode("utf-8", errors="surrogateescape"))
            yield record

    def fingerprint(self) -> dict[str, str]:
        """SHA-256 of the genome, or of the sequences once all of them are read, by the name of what it is of."""
        if self._genome is not None:
            return {"reference_sha256": self._genome.fingerprint}
        return {"sequences_sha256": self._sha256.hexdigest()}

    def facts(self) -> dict[str, str]:
        """What must agree to resume a run over a source that is repeatable, before it is read."""
        if self._genome is None and isinstance(self._records, str | Path):
            return {"input": InputFile.read(self._records).sha256}
        places = "whole" if self.regions is None else " ".join(f"{r}{r.strand}{r.name}" for r in self.regions)
        regions = hashlib.sha256(places.encode("utf-8", errors="surrogateescape")).hexdigest()
        return {**self.fingerprint(), "regions": regions}
