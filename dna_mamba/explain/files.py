"""Explanations on disk: NumPy archive, table of text, bigWig or bedGraph of one number a base."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np

from dna_mamba.alphabet import BASES, decode_bases
from dna_mamba.errors import InputError
from dna_mamba.explain.items import PARTS, Attribution
from dna_mamba.genome import Contig, Interval
from dna_mamba.io.atomic import atomic_output
from dna_mamba.io.bedgraph import SUFFIXES as BEDGRAPH_SUFFIXES
from dna_mamba.io.bedgraph import Stretch, write_bedgraph
from dna_mamba.io.bigwig import SUFFIXES as BIGWIG_SUFFIXES
from dna_mamba.io.bigwig import check_bigwig, write_bigwig
from dna_mamba.io.lines import line_output
from dna_mamba.io.paths import STDIO

ExplainOutput = Literal["npz", "tsv", "bigwig", "bedgraph"]
COLUMNS = ("id", "status", "target", "score", "baseline_score", "chrom", "pos", "part", "base", "attribution", *BASES)
_MISSING = "."
_SUFFIXES: dict[ExplainOutput, tuple[str, ...]] = {
    "npz": (".npz",),
    "tsv": (".tsv", ".tsv.gz"),
    "bigwig": BIGWIG_SUFFIXES,
    "bedgraph": BEDGRAPH_SUFFIXES,
}


@runtime_checkable
class Placed(Protocol):
    """Items that lie on contigs, one number a base."""

    @property
    def places(self) -> Iterator[Interval]: ...
    @property
    def contigs(self) -> Sequence[Contig]: ...
    @property
    def is_repeatable(self) -> bool: ...


class ExplanationFile(NamedTuple):
    """What a file holds.

    Attributes:
        attributions: in order.
        outputs: names of the outputs, by their index.
        unit: of the numbers.
        described: what they are and what they are of, by name: to be asked once all are there.
        header: lines with version and command, asked likewise.
    """

    attributions: Iterable[Attribution]
    outputs: Sequence[str]
    unit: str
    described: Callable[[], Mapping[str, str]]
    header: Callable[[], Sequence[str]]

    def target(self, found: Attribution) -> str:
        """The name of what was explained."""
        return self.outputs[found.output] if found.output >= 0 else _MISSING


def output_kind(path: str | Path) -> ExplainOutput:
    """The format that the suffix names; text for standard output. Raises InputError if it names none."""
    name = os.fspath(path).lower()
    if name == STDIO:
        return "tsv"
    for kind, suffixes in _SUFFIXES.items():
        if name.endswith(suffixes):
            return kind
    remedy = "end it in .npz, .tsv, .tsv.gz, .bw or .bedgraph"
    raise InputError(f"suffix {Path(path).suffix!r} names no format of explanations", place=path, remedy=remedy)


def check_output(path: str | Path, source: object) -> None:
    """Refuse, before any work, what could not be written.

    Raises:
        InputError: an unknown suffix; or one number a base of alleles, of sequences that cannot be read twice, or of
            regions that overlap or are not in the genome's order.
    """
    kind = output_kind(path)
    if kind not in ("bigwig", "bedgraph"):
        return
    if not isinstance(source, Placed):
        raise InputError("a base has a number for each allele", place=path, remedy="write .npz or .tsv")
    if not source.is_repeatable:
        raise InputError("tracks are of sequences in a file", place=path, remedy="give it by its path, or write .tsv")
    _check_order(path, source.places, source.contigs)
    if kind == "bigwig":
        check_bigwig(path, source.contigs)


def _check_order(path: str | Path, places: Iterable[Interval], contigs: Sequence[Contig]) -> None:
    order = {contig.chrom: rank for rank, contig in enumerate(contigs)}
    if len(order) < len(contigs):
        raise InputError("two sequences have one name", place=path, remedy="rename one, or write .tsv")
    free = (-1, 0)
    for place in places:
        if (order[place.chrom], place.start) < free:
            what = f"region {place} overlaps another, or is not in the genome's order"
            raise InputError(what, place=path, remedy="sort and merge the regions, or write .tsv")
        free = (order[place.chrom], place.end)


def write(content: ExplanationFile, path: str | Path, source: object, force: bool = False) -> None:
    """Write the file whole or not at all.

    Raises:
        InputError: the file exists and not ``force``, or cannot be made.
        MachineError: the disk is full.
    """
    kind = output_kind(path)
    if kind == "npz":
        arrays = archive(content)
        with atomic_output(path, force=force) as stream:
            np.savez(stream, **arrays)
    elif kind == "tsv":
        _write_table(content, path, force)
    else:
        assert isinstance(source, Placed)
        stretches = (_stretch(found) for found in content.attributions if len(found.values_L5))
        if kind == "bigwig":
            write_bigwig(path, source.contigs, stretches, force=force)
        else:
            write_bedgraph(path, stretches, header=content.header(), force=force)


def archive(content: ExplanationFile) -> dict[str, Any]:
    """What a NumPy archive holds: by item (n,), and by position (N,) from ``offsets[i]`` to ``offsets[i + 1]``."""
    found = list(content.attributions)
    items = [one.item for one in found]
    values_N5 = np.concatenate([np.zeros((0, 5), dtype=np.float32), *(one.values_L5 for one in found)])
    shown = [item for item in items if len(item)]
    letters = "".join(decode_bases(item.codes) for item in shown)
    return {
        "ids": np.array([item.name for item in items], dtype=np.str_),
        "status": np.array([str(item.status) for item in items], dtype=np.str_),
        "chroms": np.array([item.chrom for item in items], dtype=np.str_),
        "targets": np.array([content.target(one) for one in found], dtype=np.str_),
        "scores": np.array([one.score for one in found], dtype=np.float32),
        "baseline_scores": np.array([one.baseline_score for one in found], dtype=np.float32),
        "offsets": np.cumsum([0, *(len(one.values_L5) for one in found)], dtype=np.int64),
        "positions": np.concatenate([np.zeros(0, dtype=np.int64), *(item.positions for item in shown)]),
        "parts": np.concatenate([np.zeros(0, dtype=np.uint8), *(item.parts for item in shown)]),
        "bases": np.array(list(letters), dtype="U1"),
        "attributions": values_N5[:, 0],
        "hypothetical": values_N5[:, 1:],
        "metadata": np.array(json.dumps(dict(content.described()))),
    }


def _write_table(content: ExplanationFile, path: str | Path, force: bool) -> None:
    with line_output(path, force=force) as write_lines:
        write_lines(
            [
                *content.header(),
                f"##attribution: what the base contributes to the score, in {content.unit}; A, C, G, T: what each "
                "would in its place",
                "##pos: 1-based; part: ref and alt are the alleles of a variant; a base that is not A, C, G or T has 0",
                "#" + "\t".join(COLUMNS),
            ]
        )
        for found in content.attributions:
            write_lines(_rows(found, content.target(found)))


def _rows(found: Attribution, target: str) -> Iterator[str]:
    item = found.item
    scores = (_number(found.score), _number(found.baseline_score))
    if not len(item):
        yield "\t".join([item.name, item.status, target, *scores, item.chrom, *[_MISSING] * 8])
        return
    first = "\t".join([item.name, item.status, target, *scores, item.chrom])
    for position, part, base, values in zip(
        item.positions.tolist(), item.parts.tolist(), decode_bases(item.codes), found.values_L5.tolist(), strict=True
    ):
        numbers = "\t".join(f"{value:.9g}" for value in values)
        yield f"{first}\t{position + 1}\t{PARTS[part]}\t{base}\t{numbers}"


def _number(value: float) -> str:
    return _MISSING if np.isnan(value) else f"{np.float32(value):.9g}"


def _stretch(found: Attribution) -> Stretch:
    """From left to right on the contig, whichever strand was read."""
    positions, values = found.item.positions, found.values_L5[:, 0]
    if len(positions) > 1 and positions[0] > positions[-1]:
        positions, values = positions[::-1], values[::-1]
    return Stretch(found.item.chrom, int(positions[0]), values)
