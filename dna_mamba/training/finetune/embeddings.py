"""Pooled vectors of all rows, computed once and kept part by part: what probes are trained on."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from dna_mamba.alphabet import Codes
from dna_mamba.data.labelled.dataset import Labelled
from dna_mamba.inference.batch import by_length, in_batches, pad, positions_per_pass
from dna_mamba.models.heads.bins import BinMeans
from dna_mamba.models.model import StrandModel
from dna_mamba.models.pooling import Pooling, pooler_of
from dna_mamba.runs.array_store import Array, ArrayStore
from dna_mamba.runs.counts import Advance, untold
from dna_mamba.runs.progress import Facts
from dna_mamba.tokenizers.base import TokenIds
from dna_mamba.training.finetune.problem import RowNumbers

_PART = 256
"""Sequences of like lengths whose vectors become one part of the store."""


class EmbeddingRequest(NamedTuple):
    """What is computed of every sequence.

    Attributes:
        model: whose hidden states are pooled, both strands where its mode joins them.
        poolings: ways to pool, side by side.
        directory: of the parts that are done.
        facts: what decides the numbers, for a run that resumes.
        bin_bp: pool every bin of so many bases rather than the whole: rows of the table are then bins.
    """

    model: StrandModel
    poolings: tuple[Pooling, ...]
    directory: Path
    facts: Facts
    bin_bp: int | None = None

    @property
    def n_strands(self) -> int:
        """Vectors of a sequence and pooling: one a strand that is read."""
        return 2 if self.model.config.reverse_complement in ("shared", "post-hoc") else 1

    @property
    def n_columns(self) -> int:
        """Numbers of a sequence or bin."""
        return len(self.poolings) * self.n_strands * self.model.config.d_model


class EmbeddingTable:
    """Features for probes: for each pooling, both strands' vectors averaged, or side by side as given.

    Kinds are named ``mean, joined`` and ``mean, given``. Of a variant they are what ``TaskModel.pair_features`` gives:
    the difference of both windows' vectors, its size, and their mean.

    Args:
        request: how the vectors were computed.
        vectors: float32 (n, poolings * strands * d_model), of all rows.
        alternatives: of variants, those of the windows with ALT.
        strands: the ways to join that are offered.
    """

    def __init__(
        self, request: EmbeddingRequest, vectors: Array, alternatives: Array | None, strands: Sequence[str]
    ) -> None:
        self._request, self._vectors, self._alternatives = request, vectors, alternatives
        offered = strands if request.n_strands == 2 else ("joined",)
        self.kinds = tuple(f"{pooling}, {way}" for pooling in request.poolings for way in offered)

    def of(self, kind: str, rows: RowNumbers) -> NDArray[np.float64]:
        """Features of some rows, float64 (rows, F)."""
        ref = self._pooled(self._vectors, kind, rows)
        if self._alternatives is None:
            return ref
        alt = self._pooled(self._alternatives, kind, rows)
        return np.concatenate([alt - ref, np.abs(alt - ref), (alt + ref) / 2], axis=1)

    def _pooled(self, vectors: Array, kind: str, rows: RowNumbers) -> NDArray[np.float64]:
        pooling, _, way = kind.partition(", ")
        n_strands, d_model = self._request.n_strands, self._request.model.config.d_model
        first = [str(name) for name in self._request.poolings].index(pooling) * n_strands * d_model
        both = np.asarray(vectors[rows, first : first + n_strands * d_model], dtype=np.float64)
        return both if way == "given" or n_strands == 1 else both.reshape(len(rows), 2, d_model).mean(1)


def embed_rows(
    request: EmbeddingRequest,
    data: Labelled,
    strands: Sequence[str],
    *,
    check: Callable[[], None] = lambda: None,
    advance: Advance = untold,
) -> EmbeddingTable:
    """The vectors of all rows; parts that are in the store already are not computed again.

    ``advance`` is told how many base pairs are done, ``check`` is called between parts.
    """
    vectors = _embed(request, data.sequences, "ref", check, advance)
    alternatives = None if data.alternatives is None else _embed(request, data.alternatives, "alt", check, advance)
    return EmbeddingTable(request, vectors, alternatives, strands)


def n_bases(data: Labelled) -> int:
    """Base pairs that ``embed_rows`` reads."""
    return sum(map(len, data.sequences)) + sum(map(len, data.alternatives or ()))


def _embed(
    request: EmbeddingRequest, sequences: Sequence[Codes], which: str, check: Callable[[], None], advance: Advance
) -> Array:
    lengths = np.array([len(codes) for codes in sequences])
    order = np.argsort(lengths, kind="stable")
    n_bins = 1 if request.bin_bp is None else int(lengths[0]) // request.bin_bp
    vectors = np.empty((len(lengths), n_bins * request.n_columns), dtype=np.float32)
    directory = request.directory / which
    directory.parent.mkdir(parents=True, exist_ok=True)
    with ArrayStore(directory, request.facts, resume=True) as store:
        for number, rows in enumerate(in_batches(order.tolist(), _PART)):
            shape = (len(rows), n_bins * request.n_columns)
            if not store.has(number, shape):
                check()
                store.write(number, [_vectors(request, [sequences[row] for row in rows])])
            vectors[list(rows)] = store.read(number, shape)
            advance(int(lengths[list(rows)].sum()))
    return vectors.reshape(-1, request.n_columns)


def _vectors(request: EmbeddingRequest, sequences: Sequence[Codes]) -> Array:
    """float32 (sequences, n_columns), of bins (sequences, bins * n_columns)."""
    model, bin_bp = request.model, request.bin_bp
    tokens = [model.tokenizer.encode_codes(codes) for codes in sequences]
    n_bins = 1 if bin_bp is None else len(tokens[0]) // bin_bp
    out = np.empty((len(tokens), n_bins * request.n_columns), dtype=np.float32)
    lengths = [len(ids) for ids in tokens]
    for batch in by_length(lengths, len(lengths), positions_per_pass(model)):
        some = [tokens[i] for i in batch]
        of_batch = pooled_vectors(model, some, request.poolings) if bin_bp is None else _binned(model, some, bin_bp)
        out[batch] = of_batch
    return out


@torch.inference_mode()
def _binned(model: StrandModel, tokens: Sequence[TokenIds], bin_bp: int) -> Array:
    """Mean hidden states of every bin of sequences of one length, strands side by side: float32 (B, bins * S * D)."""
    batch = pad(tokens, model)
    both = model.config.reverse_complement in ("shared", "post-hoc")
    means = [BinMeans(bin_bp) for _ in range(1 + both)]
    parts = []
    for _, hidden in model.stream_strands(batch.ids_BL, batch.lengths_B, both=both):
        of_strands = [bins.add(x) for bins, x in zip(means, hidden, strict=False) if x is not None]
        parts.append(torch.cat(of_strands, dim=2))
    return np.asarray(torch.cat(parts, dim=1).flatten(1).float().cpu().numpy())


@torch.inference_mode()
def pooled_vectors(model: StrandModel, tokens: Sequence[TokenIds], poolings: Sequence[Pooling]) -> Array:
    """Hidden states of sequences, pooled in each way, strands side by side: float32 (B, poolings * strands * D)."""
    batch = pad(tokens, model)
    lengths_B = torch.tensor([len(ids) for ids in tokens], device=model.device)
    both = model.config.reverse_complement in ("shared", "post-hoc")
    poolers = [[pooler_of(pooling, lengths_B) for _ in range(1 + both)] for pooling in poolings]
    for part, hidden in model.stream_strands(batch.ids_BL, batch.lengths_B, both=both):
        for of_strands in poolers:
            for pooler, hidden_BLD in zip(of_strands, hidden, strict=False):
                if hidden_BLD is not None:
                    pooler.add(part, hidden_BLD)
    vectors_BC = torch.cat([pooler.pooled() for of_strands in poolers for pooler in of_strands], dim=1)
    return vectors_BC.float().cpu().numpy()
