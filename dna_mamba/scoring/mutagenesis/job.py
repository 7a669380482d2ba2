"""Saturation mutagenesis of regions into a table, part by part; a run can be resumed."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import torch

from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.inference.estimate import Estimate, estimate_passes
from dna_mamba.inference.open import as_model, fingerprints
from dna_mamba.io.atomic import check_target
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.lines import line_output
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.models.precision import Precision, precision_of, recorded_precision
from dna_mamba.runs import ArrayStore, Facts, check_resumable, earlier_fact, is_file_target, progress_directory
from dna_mamba.runs.array_store import holds
from dna_mamba.runs.counts import Advance, untold
from dna_mamba.runs.provenance import run_lines
from dna_mamba.scoring.mutagenesis.sites import OnContig, Settings, log_probabilities
from dna_mamba.scoring.mutagenesis.table import Mutagenesis, table_header, table_rows
from dna_mamba.sequences.regions import as_reference, as_regions, whole_contigs
from dna_mamba.sequences.windows import flank_bp
from dna_mamba.version import __version__

PART_SITES = 1024
"""Masked sites after which what is done is safe from a kill; without masks a region is one part."""
_BATCH_SIZE = "batch_size"
Take = Callable[[Mutagenesis], None]


class MutagenesisEstimate(NamedTuple):
    """What a run will take: sites, and its passes."""

    n_sites: int
    passes: Estimate


class MutagenesisJob:
    """Every substitution at every position of regions of a genome.

    Args:
        reference: the genome, open or by path.
        model: model, or its directory or packaged name.
        regions: 0-based half-open or ``chr:start-end`` (1-based, both ends included); default every contig.
        settings: how sites are asked about.
        device: where the model runs; default where it is, the CPU for one that is loaded.
        precision: ``float32``, ``tf32``, ``bfloat16`` or ``auto`` (see ``models.precision``); default the model's own.

    Raises:
        InputError: a region, model or genome that cannot be used, or no region that holds a base.
    """

    def __init__(
        self,
        reference: FastaReader | str | Path,
        model: MaskedLanguageModel | str | Path,
        *,
        regions: Iterable[Interval | str] = (),
        settings: Settings | None = None,
        device: str | torch.device | None = None,
        precision: Precision | None = None,
    ) -> None:
        self._reference = as_reference(reference)
        chosen = as_regions(regions, self._reference) or whole_contigs(self._reference)
        self.regions = [region for region in chosen if len(region)]
        if not self.regions:
            raise InputError("no region holds a base", remedy="check the regions, or the reference")
        self._given_model = model
        self._model = as_model(model, device, precision)
        self._settings = settings or Settings()

    @property
    def n_sites(self) -> int:
        """Positions of all regions."""
        return sum(map(len, self.regions))

    @property
    def context_bp(self) -> int:
        """The longest window that is read."""
        return self._settings.window_bp(self._model)

    @property
    def precision(self) -> str:
        """In which precision the model runs: ``float32``, ``tf32`` or ``bfloat16``."""
        return precision_of(self._model)

    @cached_property
    def provenance(self) -> dict[str, str]:
        """What names the model and the genome for good."""
        return fingerprints(self._given_model, self._reference)

    def estimate(self) -> MutagenesisEstimate:
        """What a run will take."""
        context_bp = self.context_bp
        if self._settings.scores == "llr":
            batch_size = self._settings.sites_per_pass(self._model)
            passes = estimate_passes(self._model, self.n_sites * context_bp, context_bp, batch_size)
        else:
            flank = flank_bp(context_bp)
            lengths = {region.chrom: self._reference.length(region.chrom) for region in self.regions}
            spans = [min(r.end + flank, lengths[r.chrom]) - max(r.start - flank, 0) for r in self.regions]
            passes = estimate_passes(self._model, sum(spans), max(spans), 1)
        return MutagenesisEstimate(self.n_sites, passes)

    def missing_sites(self, output: str | Path, *, resume: bool) -> int:
        """Sites that a run still has to ask about, given what an earlier one left if that is to be resumed."""
        if not resume or not is_file_target(output):
            return self.n_sites
        directory, settings = progress_directory(output), self._settings_for(output, resume=resume)
        units = enumerate(self._units(settings))
        return sum(len(unit) for number, unit in units if not holds(directory, number, (len(unit), 4)))

    def run(
        self,
        output: str | Path,
        *,
        resume: bool = False,
        force: bool = False,
        command: str | None = None,
        take: Take = lambda part: None,
        advance: Advance = untold,
    ) -> None:
        """Write the table; a file appears when it is whole.

        Args:
            output: table, BGZF if it ends in .gz; ``-`` is standard output.
            resume: resume a run of this job that stopped, if there is one.
            force: replace an existing table, and what an earlier run left unless ``resume``.
            command: what to name in the header, with version and fingerprints; None for none.
            take: given what was found piece by piece, as it is written.
            advance: told the number of sites just done.

        Raises:
            InputError: an output that exists or cannot be made, an earlier run that is another one, or predictions that
                are not finite.
            MachineError: the disk is full, or the windows need more memory than there is.
        """
        check_target(output, force=force)
        if resume:
            check_resumable(output)
        settings = self._settings_for(output, resume=resume)
        named = self.provenance | recorded_precision(self._model)
        header = [] if command is None else run_lines("ism", __version__, command, named)
        if not is_file_target(output):
            self._write(output, header, self._computed(settings, advance), take, force=force)
            return
        directory = progress_directory(output)
        with ArrayStore(directory, self._facts(settings), header, resume=resume, force=force) as store:
            units = list(self._units(settings))
            for number, unit in enumerate(units):
                if not store.has(number, (len(unit), 4)):
                    pieces = self._parts(unit, settings, advance)
                    store.write(number, (piece.log_probabilities for piece in pieces))
            self._write(output, store.provenance, self._stored(store, units), take, force=force)
            store.discard()

    def _settings_for(self, output: str | Path, *, resume: bool) -> Settings:
        """With as many sites in a pass as the run to resume had."""
        earlier = earlier_fact(output, _BATCH_SIZE) if resume else None
        if self._settings.batch_size is None and earlier is not None and earlier.isdigit():
            return self._settings._replace(batch_size=int(earlier))
        return self._settings

    def _units(self, settings: Settings) -> Iterator[Interval]:
        """What becomes one part each: as many whole passes as make PART_SITES, or a region."""
        size = settings.sites_per_pass(self._model)
        for region in self.regions:
            step = size * max(1, PART_SITES // size) if settings.scores == "llr" else len(region)
            for start in range(region.start, region.end, step):
                yield Interval(region.chrom, start, min(start + step, region.end))

    def _parts(self, unit: Interval, settings: Settings, advance: Advance) -> Iterator[Mutagenesis]:
        contig = OnContig(self._reference, unit.chrom)
        for start, log_p_L4 in log_probabilities(contig, unit.start, unit.end, self._model, settings):
            yield Mutagenesis(unit.chrom, start, contig.codes(start, start + len(log_p_L4)), log_p_L4)
            advance(len(log_p_L4))

    def _computed(self, settings: Settings, advance: Advance) -> Iterator[Mutagenesis]:
        for unit in self._units(settings):
            yield from self._parts(unit, settings, advance)

    def _stored(self, store: ArrayStore, units: Iterable[Interval]) -> Iterator[Mutagenesis]:
        for number, unit in enumerate(units):
            codes = self._reference.codes(unit.chrom, unit.start, unit.end)
            yield Mutagenesis(unit.chrom, unit.start, codes, store.read(number, (len(unit), 4)))

    def _write(
        self, output: str | Path, header: Iterable[str], parts: Iterable[Mutagenesis], take: Take, *, force: bool
    ) -> None:
        with line_output(output, force=force) as write_lines:
            write_lines([*header, *table_header(self._settings.scores, self.context_bp)])
            for part in parts:
                write_lines(table_rows(part))
                take(part)

    def _facts(self, settings: Settings) -> Facts:
        places = " ".join(str(region) for region in self.regions)
        return {
            **self.provenance,
            "version": __version__,
            "regions": hashlib.sha256(places.encode("utf-8", errors="surrogateescape")).hexdigest(),
            "scores": settings.scores,
            "context": str(settings.window_bp(self._model)),
            _BATCH_SIZE: str(settings.sites_per_pass(self._model)),
            "device": self._model.device.type,
            "precision": self.precision,
        }
