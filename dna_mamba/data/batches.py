"""From windows to the tensors of a training step."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dna_mamba.alphabet import SOFT_MASK, Codes, reverse_complement_codes
from dna_mamba.data.genomes import ContigCodes, Genome
from dna_mamba.data.masking import MaskingPolicy, mask_tokens
from dna_mamba.data.sampling import Window, WindowSampler, generator
from dna_mamba.tokenizers import Tokenizer
from dna_mamba.tokenizers.base import TokenIds

_MASK_STREAM = 2


class Batch(NamedTuple):
    """One step's tensors, right-padded: ``inputs`` and ``targets`` int64 (B, L), ``weights`` float32 (B, L).

    ``weights`` is zero wherever no prediction is asked. ``lengths`` (B,) is None when no row is padded.
    """

    inputs: Tensor
    targets: Tensor
    weights: Tensor
    lengths: Tensor | None
    windows: tuple[Window, ...]


class Stage(NamedTuple):
    """Steps of a run that read windows alike, until the next stage begins.

    Attributes:
        first_step: 0-based.
        sampler: which windows its steps read, from the sampler's first.
        windows: a step.
    """

    first_step: int
    sampler: WindowSampler
    windows: int


class MaskedBatches:
    """Batches by index: ``batches[step]`` is the same whenever and wherever it is asked for.

    Args:
        genome: contigs by name, uint8 (L,) each, in memory or on disk.
        stages: one or more, in order, the first one from step 0.
        tokenizer: makes ids of their bases.
        policy: which tokens are asked for, and with which weight.
        seed: of the masks.
    """

    def __init__(
        self,
        genome: Genome,
        stages: Sequence[Stage],
        tokenizer: Tokenizer,
        policy: MaskingPolicy,
        *,
        seed: int,
    ) -> None:
        self._genome = genome
        self.stages = tuple(stages)
        self._tokenizer = tokenizer
        self._policy = policy
        self._seed = seed

    def __getitem__(self, step: int) -> Batch:
        """The batch of a step."""
        return self.part(step, 0, self.windows_at(step))

    def windows_at(self, step: int) -> int:
        """How many windows a step reads."""
        return self.stages[self._stage_of(step)].windows

    def part(self, step: int, first: int, last: int) -> Batch:
        """Windows ``[first, last)`` of a step's batch, padded to the longest of these; at least one."""
        number = self._stage_of(step)
        stage = self.stages[number]
        begin = (step - stage.first_step) * stage.windows
        indices = range(begin + first, begin + last)
        windows = tuple(stage.sampler[index] for index in indices)
        rows = [self._row((index, number), window) for index, window in zip(indices, windows, strict=True)]
        return stack_rows(rows, windows, pad_id=self._tokenizer.pad_id)

    def _stage_of(self, step: int) -> int:
        return max(i for i, stage in enumerate(self.stages) if stage.first_step <= step)

    def _row(self, sample: tuple[int, int], window: Window) -> "Row":
        """The masks of a sample follow from its index and its stage; in the first stage from its index alone."""
        codes = self._genome[window.chrom][window.start : window.end]
        if window.reverse:
            codes = reverse_complement_codes(codes)
        ids = self._tokenizer.encode_codes(codes)
        stream = sample if sample[1] else sample[:1]
        rng = generator(self._seed, _MASK_STREAM, *stream)
        inputs, chosen = mask_tokens(ids, self._tokenizer, self._policy, rng)
        return Row(inputs, ids, chosen * _loss_weights(codes, len(ids), self._policy))


def holds_target(sequences: Iterable[ContigCodes], tokenizer: Tokenizer, policy: MaskingPolicy, window_bp: int) -> bool:
    """Whether windows of some sequences, uint8 (L,) each, hold a token that can be asked for and has a weight."""
    for codes in sequences:
        for start in range(0, len(codes), window_bp):
            window = codes[start : start + window_bp]
            ids = tokenizer.encode_codes(window)
            if (np.isin(ids, tokenizer.maskable_ids) & (_loss_weights(window, len(ids), policy) > 0)).any():
                return True
    return False


def _loss_weights(codes: Codes, n_tokens: int, policy: MaskingPolicy) -> NDArray[np.float32]:
    """Weight of each token in the loss, (n_tokens,), where a token is a base: that of the policy in lower case."""
    weights = np.ones(n_tokens, dtype=np.float32)
    if policy.soft_mask_weight != 1 and n_tokens == len(codes):
        weights[(codes & SOFT_MASK) != 0] = policy.soft_mask_weight
    return weights


class Row(NamedTuple):
    """One sequence of a batch before padding; fields as in ``Batch``, (L,)."""

    inputs: TokenIds
    targets: TokenIds
    weights: NDArray[np.float32]


def stack_rows(rows: list[Row], windows: tuple[Window, ...] = (), *, pad_id: int) -> Batch:
    """Right-pad rows to their longest."""
    lengths = [len(row.inputs) for row in rows]
    width = max(lengths)

    def stacked(field: int, fill: int) -> Tensor:
        out = np.full((len(rows), width), fill, dtype=rows[0][field].dtype)
        for i, row in enumerate(rows):
            out[i, : lengths[i]] = row[field]
        return torch.from_numpy(out)

    padded = None if min(lengths) == width else torch.tensor(lengths)
    return Batch(stacked(0, pad_id), stacked(1, pad_id), stacked(2, 0), padded, windows)
