"""Explanations of sequences or alleles into a file, group by group; a run can be resumed."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from dna_mamba.errors import InputError
from dna_mamba.explain.attribute import Explaining, attribute
from dna_mamba.explain.estimate import ExplainEstimate, estimate_explaining
from dna_mamba.explain.files import ExplanationFile, check_output, write
from dna_mamba.explain.items import Attribution, ExplainItem
from dna_mamba.io.atomic import check_target
from dna_mamba.models import LoadedModel
from dna_mamba.models.precision import precision_of, recorded_precision
from dna_mamba.runs import ArrayStore, Facts, check_resumable, earlier_fact, is_file_target, progress_directory
from dna_mamba.runs.counts import Advance, untold
from dna_mamba.runs.provenance import run_lines
from dna_mamba.version import __version__

_GROUP_BP = 8192
"""Positions of items after which what is done is safe from a kill."""
_POSITIONS = "positions_per_pass"
_COLUMNS = 5
TakeExplained = Callable[[Attribution], None]


class Explainable(Protocol):
    """Items, the model that is asked about them, and what names both for good."""

    @property
    def model(self) -> LoadedModel: ...
    @property
    def outputs(self) -> tuple[str, ...]: ...
    @property
    def unit(self) -> str: ...
    @property
    def what(self) -> str: ...
    @property
    def is_repeatable(self) -> bool: ...
    def survey(self) -> int: ...
    def items(self) -> Iterator[ExplainItem]: ...
    def facts(self) -> Facts: ...
    def named(self) -> dict[str, str]: ...


class ExplainSummary(NamedTuple):
    """What a run came to.

    Attributes:
        n_items: sequences or alleles.
        n_explained: those of them that could be explained.
        worst_gap: of gradients, the largest ``gap_share``, and the name of the item that has it.
    """

    n_items: int
    n_explained: int
    worst_gap: tuple[float, str]


class ExplainJob:
    """Attributions of every base of every item, written in order.

    Args:
        source: ``ExplainedSequences`` or ``ExplainedVariants``.
        how: method, baseline and steps.
    """

    def __init__(self, source: Explainable, how: Explaining | None = None) -> None:
        self._source, self._how = source, how or Explaining()
        if self._how.n_steps < 1:
            raise InputError(f"{self._how.n_steps} steps", place="--steps", remedy="give at least 1")

    @property
    def precision(self) -> str:
        """In which precision the model runs: ``float32``, ``tf32`` or ``bfloat16``."""
        return precision_of(self._source.model)

    def estimate(self) -> ExplainEstimate:
        """What a run will take. Raises InputError if the items cannot be read twice, or one cannot be read."""
        if not self._source.is_repeatable:
            raise InputError("an estimate needs a file that can be read twice", remedy="give the input by its path")
        return estimate_explaining(self._source.model, self._source.items(), self._how)

    def attributions(self) -> Iterator[Attribution]:
        """Of every item, in order, with nothing written.

        Raises:
            InputError: an item that cannot be read, or answers that are not finite.
            MachineError: an item needs more memory than there is.
        """
        for group in _groups(self._source.items()):
            yield from attribute(self._source.model, group, self._how)

    def run(
        self,
        output: str | Path,
        *,
        resume: bool = False,
        force: bool = False,
        command: str | None = None,
        take: TakeExplained = lambda attribution: None,
        advance: Advance = untold,
    ) -> ExplainSummary:
        """Write what was found; a file appears when it is whole.

        Args:
            output: .npz, .tsv, .tsv.gz, .bw or .bedgraph; ``-`` is standard output.
            resume: resume a run of this job that stopped, if there is one.
            force: replace an existing file, and what an earlier run left unless ``resume``.
            command: what to name in the output, with version and fingerprints; None for none.
            take: given each attribution as it is written.
            advance: told the number of items just done.

        Raises:
            InputError: an output that exists or cannot be made, an input that cannot be used (refused before any
                work, if it can be read twice), or an earlier run that is another one.
            MachineError: the disk is full, or there is not enough memory.
        """
        check_target(output, force=force)
        check_output(output, self._source)
        if resume:
            check_resumable(output)
        counted = _Counted(take, advance)
        if not (self._source.is_repeatable and is_file_target(output)):
            if resume:
                raise InputError("only files can be resumed", place="--resume", remedy="give the input by its path")
            self._write(output, counted(self.attributions()), command, force=force)
            return counted.summary()
        self._source.survey()
        how = self._how_for(output, resume=resume)
        with ArrayStore(progress_directory(output), self._facts(how), resume=resume, force=force) as store:
            self._write(output, counted(self._kept(store, how)), command, force=force)
            store.discard()
        return counted.summary()

    def _how_for(self, output: str | Path, *, resume: bool) -> Explaining:
        """With as many positions in a pass as the run to resume had: the number of threads may differ."""
        earlier = earlier_fact(output, _POSITIONS) if resume else None
        return self._how._replace(positions=int(earlier)) if earlier and earlier.isdigit() else self._how

    def _facts(self, how: Explaining) -> Facts:
        return {
            **self._source.facts(),
            "method": how.method,
            "baseline": how.compared_with,
            "steps": str(how.n_steps),
            _POSITIONS: str(how.positions_on(self._source.model)),
            "device": self._source.model.device.type,
            "precision": self.precision,
            "version": __version__,
        }

    def _kept(self, store: ArrayStore, how: Explaining) -> Iterator[Attribution]:
        """Groups are computed unless they are in the store, and read from there."""
        for number, group in enumerate(_groups(self._source.items())):
            shape = (sum(len(item) + 1 for item in group), _COLUMNS)
            if not store.has(number, shape):
                store.write(number, map(_packed, attribute(self._source.model, group, how)))
            yield from _unpacked(group, store.read(number, shape))

    def _write(
        self, output: str | Path, attributions: Iterable[Attribution], command: str | None, *, force: bool
    ) -> None:
        how, source = self._how, self._source

        def described() -> dict[str, str]:
            steps = {"steps": str(how.n_steps)} if how.method == "integrated-gradients" else {}
            baseline = {} if how.method == "ism" else {"baseline": how.compared_with}
            named = {**source.named(), **recorded_precision(source.model)}
            return {"method": how.method, **baseline, **steps, "unit": source.unit, **named}

        def header() -> list[str]:
            return [] if command is None else run_lines("explain", __version__, command, described())

        write(ExplanationFile(attributions, source.outputs, source.unit, described, header), output, source, force)


class _Counted:
    """Passes attributions on, and counts them."""

    def __init__(self, take: TakeExplained, advance: Advance) -> None:
        self._take, self._advance = take, advance
        self._n_items = self._n_explained = 0
        self._worst = (0.0, "")

    def __call__(self, attributions: Iterable[Attribution]) -> Iterator[Attribution]:
        for found in attributions:
            self._n_items += 1
            self._n_explained += found.output >= 0
            if found.gap_share > self._worst[0]:
                self._worst = (found.gap_share, found.item.name)
            self._take(found)
            yield found
            self._advance(1)

    def summary(self) -> ExplainSummary:
        return ExplainSummary(self._n_items, self._n_explained, self._worst)


def _groups(items: Iterable[ExplainItem]) -> Iterator[list[ExplainItem]]:
    """Neighbouring items of ``_GROUP_BP`` positions together, or one that is longer."""
    group: list[ExplainItem] = []
    size = 0
    for item in items:
        if group and size + len(item) > _GROUP_BP:
            yield group
            group, size = [], 0
        group.append(item)
        size += len(item)
    if group:
        yield group


def _packed(found: Attribution) -> NDArray[np.float32]:
    """A row with output and scores, then a row a position."""
    first_15 = np.array([[found.output, found.score, found.baseline_score, 0, 0]], dtype=np.float32)
    return np.concatenate([first_15, found.values_L5])


def _unpacked(group: Iterable[ExplainItem], rows_N5: NDArray[np.float32]) -> Iterator[Attribution]:
    at = 0
    for item in group:
        output, score, baseline_score = rows_N5[at, :3].tolist()
        values_L5 = np.array(rows_N5[at + 1 : at + 1 + len(item)])
        yield Attribution(item, int(output), score, baseline_score, values_L5)
        at += len(item) + 1


