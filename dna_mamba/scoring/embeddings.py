"""One vector a sequence: the mean over its positions of the hidden states after the final norm."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from dna_mamba.checkpoints import weights_sha256
from dna_mamba.errors import InputError
from dna_mamba.io.atomic import atomic_output
from dna_mamba.io.fasta import FastaRecord, read_fasta
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.models.memory import Shape, inference_bytes, require
from dna_mamba.models.streaming import budget_of
from dna_mamba.scoring.arguments import as_model, positions_per_pass
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


@dataclass(frozen=True)
class Embeddings:
    """Vectors of sequences, in the order given.

    Attributes:
        ids: names of the sequences.
        lengths: their lengths in base pairs, int64 (n,).
        embeddings: float32 (n, C).
        metadata: layer, pooling, strand order, configuration and, for a model given by path, its path and the
            SHA-256 of its weights; JSON-ready.
    """

    ids: tuple[str, ...]
    lengths: NDArray[np.int64]
    embeddings: NDArray[np.float32]
    metadata: dict[str, Any]

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write an ``.npz`` with ``ids`` (n,) text, ``lengths``, ``embeddings`` (n, C), ``metadata`` (JSON text).

        It opens with ``numpy.load(path)``; nothing in it is pickled.

        Raises:
            InputError: the file exists and not ``force``.
            MachineError: the disk is full.
        """
        with atomic_output(path, force=force) as stream:
            np.savez(
                stream,
                ids=np.array(self.ids, dtype=np.str_),
                lengths=self.lengths,
                embeddings=self.embeddings,
                metadata=np.array(json.dumps(self.metadata)),
            )


def embed(
    records: Iterable[FastaRecord] | str | Path,
    model: MaskedLanguageModel | str | Path,
    *,
    batch_size: int | None = None,
    max_length_bp: int | None = None,
    device: str | torch.device | None = None,
    advance: Callable[[int], None] = lambda count: None,
) -> Embeddings:
    """Embed sequences: hidden states after the last layer and final norm, averaged over positions.

    Every sequence is read whole, however long (see ``models.streaming``), and gets the vector it gets alone (1e-5),
    whatever it is batched with.
    ``metadata["strands"]`` says what the channels are; in mode ``shared`` there are 2 d_model of them, and the
    reverse complement of a sequence has the same vector with its channels reversed.

    Args:
        records: sequences, or a FASTA file.
        model: model, or its directory or packaged name.
        batch_size: sequences in one forward pass at most; default as many as suit the device.
        max_length_bp: longest sequence taken; default as long as memory allows. Nothing is ever cut.
        device: where the model runs; default where it is, the CPU for one that is loaded.
        advance: told the number of sequences just embedded.

    Raises:
        InputError: a sequence is empty or longer than ``max_length_bp``, or the input or model cannot be used.
        MachineError: a sequence needs more memory than there is.
    """
    network = as_model(model, device)
    metadata = describe(network)
    if isinstance(model, str | Path):
        metadata |= {"model": str(model), "weights_sha256": weights_sha256(model)}
    if isinstance(records, str | Path):
        records = read_fasta(records)
    ids: list[str] = []
    lengths: list[int] = []
    vectors = [np.zeros((0, network.config.d_hidden), dtype=np.float32)]
    for group in _groups(_checked(records, network, max_length_bp)):
        vectors.append(_embed_group(network, group, batch_size, advance))
        ids += [record.name for record in group]
        lengths += [len(record.sequence) for record in group]
    return Embeddings(tuple(ids), np.array(lengths, dtype=np.int64), np.concatenate(vectors), metadata)


def describe(model: MaskedLanguageModel) -> dict[str, Any]:
    """What the numbers of this model's embeddings are: layer, pooling, strand order, configuration."""
    n_layer, mode = model.config.n_layer, model.config.reverse_complement
    return {
        "layer": f"{n_layer} of {n_layer}, after the final norm",
        "pooling": "mean over positions",
        "strands": STRANDS[mode],
        "config": model.config.model_dump(mode="json"),
    }


def reads_both_strands(model: MaskedLanguageModel) -> bool:
    """Whether embeddings join both strands: as the mode says, also for a model in training mode."""
    return model.config.reverse_complement in ("shared", "post-hoc")


def _checked(
    records: Iterable[FastaRecord], model: MaskedLanguageModel, max_length_bp: int | None
) -> Iterator[FastaRecord]:
    """The records, as long as each of them may and can be run."""
    weight = model.encoder.embedding.weight
    strands = 2 if reads_both_strands(model) else 1
    for record in records:
        length = len(record.sequence)
        if max_length_bp is not None and length > max_length_bp:
            raise InputError(
                f"{length:,} bp is longer than the limit of {max_length_bp:,} bp",
                place=f"sequence {record.name!r}",
                remedy="raise --max-length, or cut it",
            )
        if length > budget_of(weight.device).positions:
            needed = inference_bytes(model.config, Shape(strands, length), weight.device, weight.dtype)
            require(needed, weight.device, f"sequence {record.name!r} of {length:,} bp", "cut it, or use more memory")
        yield record


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


def _embed_group(
    model: MaskedLanguageModel, group: list[FastaRecord], batch_size: int | None, advance: Callable[[int], None]
) -> NDArray[np.float32]:
    """Vectors (n, C) of a group, which is batched by length."""
    tokens = [_tokens(model, record) for record in group]
    vectors_NC = np.empty((len(group), model.config.d_hidden), dtype=np.float32)
    lengths = [len(row) for row in tokens]
    for rows in _batches(lengths, batch_size or len(group), positions_per_pass(model)):
        vectors_NC[rows] = _mean_hidden(model, [tokens[row] for row in rows])
        advance(len(rows))
    return vectors_NC


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


@torch.inference_mode()
def _mean_hidden(model: MaskedLanguageModel, sequences: list[TokenIds]) -> NDArray[np.float32]:
    """Mean over positions of the hidden states of each sequence, float32 (B, C)."""
    if len(sequences) == 1:
        return _streamed_mean(model, sequences[0])
    lengths = [len(tokens) for tokens in sequences]
    ids_BL = torch.full((len(sequences), max(lengths)), model.tokenizer.pad_id)
    for ids_L, tokens in zip(ids_BL, sequences, strict=True):
        ids_L[: len(tokens)] = torch.from_numpy(tokens)
    device = model.encoder.embedding.weight.device
    lengths_B = None if min(lengths) == max(lengths) else torch.tensor(lengths, device=device)
    run = model.both_strands if reads_both_strands(model) else model
    hidden_BLC = run(ids_BL.to(device), lengths_B).hidden
    means = [hidden_LC[:length].float().mean(0) for hidden_LC, length in zip(hidden_BLC, lengths, strict=True)]
    vectors: NDArray[np.float32] = torch.stack(means).cpu().numpy()
    return vectors


def _streamed_mean(model: MaskedLanguageModel, tokens: TokenIds) -> NDArray[np.float32]:
    """The same for one sequence of any length, float32 (1, C): no part outlives the next."""
    ids_1L = torch.from_numpy(tokens)[None].to(model.encoder.embedding.weight.device)
    total_C = torch.zeros(model.config.d_hidden, dtype=torch.float64)
    for _, output in model.stream(ids_1L, both_strands=reads_both_strands(model)):
        total_C += output.hidden[0].float().sum(0).cpu()
    mean: NDArray[np.float32] = (total_C / len(tokens)).float()[None].numpy()
    return mean
