"""Vectors of sequences: hidden states of a layer, pooled over positions or kept for each of them."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from dna_mamba.checkpoints import weights_sha256
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.inference.open import as_model, as_reference, as_regions, positions_per_pass
from dna_mamba.inference.pooling import DESCRIPTIONS, Pool, check_pool, make_pooler
from dna_mamba.io.fasta import FastaReader, FastaRecord, read_sequences
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.models.memory import Shape, inference_bytes, require
from dna_mamba.models.streaming import budget_of
from dna_mamba.scoring.embeddings.table import Embeddings
from dna_mamba.sequences.regions import contig_sequences, region_sequences
from dna_mamba.tokenizers.base import TokenIds

_WAITING = 1024
_WAITING_BP = 1 << 24
"""Sequences, and their bases, sorted by length at a time."""
STRANDS = {
    "none": "forward strand",
    "augment": "forward strand",
    "post-hoc": "mean of the forward and the reverse strand",
    "shared": "first half forward strand, second half reverse strand with its channels reversed",
}
"""What the channels of an embedding are, by the model's strand mode."""
_CPU = torch.device("cpu")


class _Plan(NamedTuple):
    """What is computed of every sequence."""

    model: MaskedLanguageModel
    n_layers: int
    pool: Pool
    advance: Callable[[int], None]


class _Source(NamedTuple):
    """What is embedded, what tells of its origin once all is read, and where it lies on a genome."""

    sequences: Iterable[FastaRecord]
    fingerprint: Callable[[], dict[str, Any]]
    regions: tuple[Interval, ...] | None = None


def embed(
    records: Iterable[FastaRecord] | FastaReader | str | Path,
    model: MaskedLanguageModel | str | Path,
    *,
    regions: Iterable[Interval | str] | None = None,
    layer: int | None = None,
    pool: Pool = "mean",
    batch_size: int | None = None,
    max_length_bp: int | None = None,
    device: str | torch.device | None = None,
    advance: Callable[[int], None] = lambda count: None,
) -> Embeddings:
    """Embed sequences, or regions of a genome: hidden states of one layer, pooled over positions.

    Every sequence is read whole, however long (see ``models.streaming``), and gets the vector it gets alone (1e-5),
    whatever it is batched with.
    ``metadata["strands"]`` says what the channels are; in mode ``shared`` there are 2 d_model of them, and the
    reverse complement of a sequence has the same vector with its channels reversed.

    Args:
        records: sequences, or a FASTA, GenBank or EMBL file; with ``regions`` a genome, open or by path (FASTA).
        model: model, or its directory or packaged name.
        regions: places on the genome, 0-based half-open or ``chr:start-end`` (1-based, both ends included);
            strand ``-`` is read as its reverse complement. None takes whole sequences.
        layer: whose output, n_layer being the last (None), 0 the token embedding; negative from the end, -1 the last.
            The final norm belongs to the last layer; others give the residual stream as it is.
        pool: ``mean`` or ``max`` over positions, ``center`` (the middle position, the mean of the two middle ones of
            an even length), or ``none``: every position its own row.
        batch_size: sequences in one forward pass at most; default as many as suit the device.
        max_length_bp: longest sequence taken; default as long as memory allows. Nothing is ever cut.
        device: where the model runs; default where it is, the CPU for one that is loaded.
        advance: told how many more base pairs are embedded, also within a long sequence.

    Raises:
        InputError: a sequence is empty or longer than ``max_length_bp``, a region leaves its contig, there is no such
            layer or pooling, or the input or model cannot be used.
        MachineError: a sequence, or the rows of all positions, need more memory than there is.
    """
    check_pool(pool)
    network = as_model(model, device)
    plan = _Plan(network, resolve_layer(layer, network.config.n_layer), pool, advance)
    metadata = describe(network, plan.n_layers, pool)
    if isinstance(model, str | Path):
        metadata |= {"model": str(model), "weights_sha256": weights_sha256(model)}
    source = _open(records, regions)
    ids, lengths, rows = _embed_all(plan, _checked(plan, source.sequences, max_length_bp), batch_size)
    offsets = None
    if pool == "none":
        offsets = np.cumsum([0, *(len(rows_LC) for rows_LC in rows)], dtype=np.int64)
    vectors_NC = np.concatenate([np.zeros((0, network.config.d_hidden), dtype=np.float32), *rows])
    metadata |= source.fingerprint()
    return Embeddings(tuple(ids), np.array(lengths, dtype=np.int64), vectors_NC, metadata, offsets, source.regions)


def resolve_layer(layer: int | None, n_layer: int) -> int:
    """How many layers run: None all, negative numbers count from the end (-1 the last).

    Raises:
        InputError: the model has no such layer.
    """
    n_layers = n_layer if layer is None else layer + (n_layer + 1 if layer < 0 else 0)
    if not 0 <= n_layers <= n_layer:
        remedy = f"give 0 (the token embedding) to {n_layer} (the last), or -1 (the last) to {-n_layer - 1}"
        raise InputError(f"no layer {layer}", place="--layer", remedy=remedy)
    return n_layers


def describe(model: MaskedLanguageModel, n_layers: int, pool: Pool) -> dict[str, Any]:
    """What the numbers are: layer, pooling, strand order, configuration."""
    n_layer, mode = model.config.n_layer, model.config.reverse_complement
    norm = "after the final norm" if n_layers == n_layer else "without the final norm"
    return {
        "layer": f"{n_layers} of {n_layer}, {norm}",
        "pooling": DESCRIPTIONS[pool],
        "strands": STRANDS[mode],
        "config": model.config.model_dump(mode="json"),
    }


def reads_both_strands(model: MaskedLanguageModel) -> bool:
    """Whether embeddings join both strands: as the mode says, also for a model in training mode."""
    return model.config.reverse_complement in ("shared", "post-hoc")


def _open(
    records: Iterable[FastaRecord] | FastaReader | str | Path, regions: Iterable[Interval | str] | None
) -> _Source:
    if isinstance(records, FastaReader) or (regions is not None and isinstance(records, str | Path)):
        reader = as_reference(records)
        places = None if regions is None else as_regions(regions, reader)
        sequences = contig_sequences(reader) if places is None else region_sequences(reader, places)
        return _Source(sequences, lambda: {"reference_sha256": reader.fingerprint}, places)
    if regions is not None:
        raise InputError("regions of sequences that are no genome", remedy="give a FastaReader or a FASTA file")
    fingerprint = _Fingerprint()
    records = read_sequences(records) if isinstance(records, str | Path) else records
    return _Source(fingerprint.over(records), fingerprint.metadata)


class _Fingerprint:
    """SHA-256 over name, length and MD5 of sequences as they pass: ``FastaReader.fingerprint`` of a file of them."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()

    def over(self, records: Iterable[FastaRecord]) -> Iterator[FastaRecord]:
        for record in records:
            md5 = hashlib.md5(record.sequence.upper(), usedforsecurity=False).hexdigest()
            self._sha256.update(f"{record.name}\t{len(record.sequence)}\t{md5}\n".encode())
            yield record

    def metadata(self) -> dict[str, Any]:
        return {"sequences_sha256": self._sha256.hexdigest()}


def _checked(plan: _Plan, records: Iterable[FastaRecord], max_length_bp: int | None) -> Iterator[FastaRecord]:
    """The records, as long as each of them may and can be run."""
    weight = plan.model.encoder.embedding.weight
    strands = 2 if reads_both_strands(plan.model) else 1
    kept = 0
    for record in records:
        length = len(record.sequence)
        if max_length_bp is not None and length > max_length_bp:
            raise InputError(
                f"{length:,} bp is longer than the limit of {max_length_bp:,} bp",
                place=f"sequence {record.name!r}",
                remedy="raise --max-length, or cut it",
            )
        what = f"sequence {record.name!r} of {length:,} bp"
        if length > budget_of(weight.device).positions:
            needed = inference_bytes(plan.model.config, Shape(strands, length), weight.device, weight.dtype)
            require(needed, weight.device, what, "cut it, or use more memory")
        if plan.pool == "none":
            new = kept_bytes(plan.model, length)
            kept += new
            require(new + kept, _CPU, f"{what}: rows for every position", "pool them, or take fewer sequences")
        yield record


def kept_bytes(model: MaskedLanguageModel, n_positions: int) -> int:
    """Bytes of float32 rows for so many positions."""
    return n_positions * model.config.d_hidden * 4


def _embed_all(
    plan: _Plan, records: Iterable[FastaRecord], batch_size: int | None
) -> tuple[list[str], list[int], list[NDArray[np.float32]]]:
    """Names, lengths in bp and rows of every record, in order."""
    ids: list[str] = []
    lengths: list[int] = []
    rows: list[NDArray[np.float32]] = []
    for group in _groups(records):
        rows += _embed_group(plan, group, batch_size)
        ids += [record.name for record in group]
        lengths += [len(record.sequence) for record in group]
    return ids, lengths, rows


def _groups(records: Iterable[FastaRecord]) -> Iterator[list[FastaRecord]]:
    """Neighbouring records, as many as are held at a time."""
    group: list[FastaRecord] = []
    size_bp = 0
    for record in records:
        group.append(record)
        size_bp += len(record.sequence)
        if len(group) >= _WAITING or size_bp >= _WAITING_BP:
            yield group
            group, size_bp = [], 0
    if group:
        yield group


def _embed_group(plan: _Plan, group: list[FastaRecord], batch_size: int | None) -> list[NDArray[np.float32]]:
    """Rows of each record of a group, which is batched by length."""
    tokens = [_tokens(plan.model, record) for record in group]
    pooled: dict[int, NDArray[np.float32]] = {}
    lengths = [len(ids) for ids in tokens]
    for batch in _batches(lengths, batch_size or len(group), positions_per_pass(plan.model)):
        total_bp = sum(len(group[row].sequence) for row in batch)
        pooled |= zip(batch, _pooled(plan, [tokens[row] for row in batch], total_bp), strict=True)
    return [pooled[row] for row in range(len(group))]


def _tokens(model: MaskedLanguageModel, record: FastaRecord) -> TokenIds:
    tokens = model.tokenizer.encode(record.sequence)
    if len(tokens) == 0:
        what = f"its {len(record.sequence)} bp are not a single token"
        raise InputError(what, place=f"sequence {record.name!r}", remedy="leave it out")
    return tokens


def _batches(lengths: list[int], batch_size: int, positions: int) -> Iterator[list[int]]:
    """Rows of like lengths: at most ``batch_size``, and together, padded, at most ``positions`` unless it is one."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) == batch_size or (len(batch) + 1) * lengths[row] > positions):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


class _Steps:
    """Tells how many base pairs of a batch are done: its share of the positions that layers have to read."""

    def __init__(self, total_bp: int, total: int, advance: Callable[[int], None]) -> None:
        self._total_bp, self._total, self._advance = total_bp, total, advance
        self._done = self._told_bp = 0

    def __call__(self, count: int) -> None:
        self._done += count
        self._tell(self._total_bp * self._done // self._total)

    def finish(self) -> None:
        self._tell(self._total_bp)

    def _tell(self, now_bp: int) -> None:
        if now_bp > self._told_bp:
            self._advance(now_bp - self._told_bp)
            self._told_bp = now_bp


@torch.inference_mode()
def _pooled(plan: _Plan, sequences: list[TokenIds], total_bp: int) -> list[NDArray[np.float32]]:
    """Rows of each sequence of a batch; no part of their hidden states outlives the next."""
    model, lengths = plan.model, [len(tokens) for tokens in sequences]
    device, both_strands = model.encoder.embedding.weight.device, reads_both_strands(model)
    ids_BL = torch.full((len(sequences), max(lengths)), model.tokenizer.pad_id)
    for ids_L, tokens in zip(ids_BL, sequences, strict=True):
        ids_L[: len(tokens)] = torch.from_numpy(tokens)
    lengths_B = None if min(lengths) == max(lengths) else torch.tensor(lengths, device=device)
    steps = _Steps(total_bp, ids_BL.numel() * plan.n_layers * (2 if both_strands else 1), plan.advance)
    pooler = make_pooler(plan.pool, lengths, model.config.d_hidden)
    parts = model.stream(ids_BL.to(device), lengths_B, both_strands=both_strands, n_layers=plan.n_layers, advance=steps)
    for part, output in parts:
        pooler.add(part, output.hidden)
    steps.finish()
    return pooler.rows()
