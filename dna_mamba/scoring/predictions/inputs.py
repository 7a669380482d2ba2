"""What is predicted, by what the input holds and the head answers."""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from dna_mamba.checkpoints.loading import format_of
from dna_mamba.checkpoints.native import read_head
from dna_mamba.checkpoints.packaged import resolve
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.inference.open import as_task_model
from dna_mamba.inference.sequence_source import SequenceSource
from dna_mamba.io.compression import open_input, open_raw
from dna_mamba.io.fasta import FastaReader
from dna_mamba.io.paths import STDIO, display_name
from dna_mamba.io.vcf.binary import BCF_MAGIC
from dna_mamba.models import HeadConfig
from dna_mamba.scoring.predictions.rows import InputRows, IntervalRows, SequenceRows, TableRows

InputKind = Literal["sequences", "variants", "lines"]
_LONGEST_MARK = 64


def head_at(model: str | Path) -> HeadConfig:
    """The head of a model directory, its weights not read where the format allows.

    Raises:
        InputError: no such model, a damaged one, or one without a head.
    """
    directory = resolve(model)
    head = read_head(directory) if format_of(directory) == "native" else None
    return as_task_model(model).head_config if head is None else head


def kind_of_input(path: str | Path) -> InputKind:
    """What a file holds by how it begins: FASTA, GenBank or EMBL; VCF or BCF; lines or Parquet, a table or BED.

    Raises:
        InputError: it cannot be read.
    """
    begin = _begin(path).removeprefix(b"\xef\xbb\xbf").lstrip()
    if begin.startswith((b"##fileformat=VCF", BCF_MAGIC)):
        return "variants"
    return "sequences" if begin.startswith((b">", b"LOCUS ", b"ID   ")) or not begin else "lines"


def _begin(path: str | Path) -> bytes:
    if str(path) == STDIO:
        with open_raw(path) as raw:
            return raw.peek(_LONGEST_MARK)[:_LONGEST_MARK] if isinstance(raw, io.BufferedReader) else b""
    with open_input(path) as stream:
        return stream.read(_LONGEST_MARK)


def rows_of(
    path: str | Path,
    genome: FastaReader | None = None,
    *,
    regions: Iterable[Interval] | None = None,
    sequence_column: str = "sequence",
    id_column: str | None = None,
) -> InputRows:
    """The rows of an input for a head that gives one answer a sequence.

    Args:
        path: FASTA, GenBank, EMBL, BED, or a table with a sequence column; ``-`` is standard input.
        genome: what a BED file's intervals lie on, or, with ``regions``, the input itself.
        regions: places on the genome in place of a file's rows.
        sequence_column: of a table.
        id_column: of a table; default ``id`` if there is one.

    Raises:
        InputError: the input is of a kind that such a head does not answer.
    """
    if regions is not None and genome is not None:
        return SequenceRows(SequenceSource(genome, regions))
    kind = kind_of_input(path)
    if kind == "variants":
        remedy = "give FASTA, a table or BED, or a model that finetune --task variant wrote"
        raise InputError("is VCF, and the head answers sequences", place=display_name(path), remedy=remedy)
    if genome is not None:
        if kind == "sequences" and not _is_empty(path):
            what = "is FASTA, and -f gives the genome of intervals"
            raise InputError(what, place=display_name(path), remedy="leave out -f, or give BED")
        return IntervalRows(path, genome)
    if kind == "lines" and str(path).lower().removesuffix(".gz").endswith(".bed"):
        raise InputError("intervals have no letters", place=path, remedy="give their genome with -f REF.fa")
    return SequenceRows(SequenceSource(path)) if kind == "sequences" else TableRows(path, sequence_column, id_column)


def _is_empty(path: str | Path) -> bool:
    return not _begin(path)
