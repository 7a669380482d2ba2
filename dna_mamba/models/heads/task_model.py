"""An encoder with a head: answers for sequences, bases, bins or variants, both strands joined as configured."""

from collections.abc import Callable, Iterator
from typing import NamedTuple, Self

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn import functional as F

from dna_mamba.errors import InputError
from dna_mamba.models.config import ModelConfig
from dna_mamba.models.encoder import padding
from dna_mamba.models.heads.bins import BinMeans
from dna_mamba.models.heads.coefficients import coefficients_of
from dna_mamba.models.heads.config import HeadConfig
from dna_mamba.models.heads.layers import HeadLayers
from dna_mamba.models.model import StrandModel
from dna_mamba.models.pooling import SequencePooler, pooler_of
from dna_mamba.models.strands import Strands
from dna_mamba.models.streaming import Budget, Part


class TaskOutput(NamedTuple):
    """What a head says: ``logits`` (B, K), (B, L, K) for bases, (B, L // bin_bp, K) for tracks; see ``answers``."""

    logits: Tensor


class TaskModel(StrandModel):
    """An encoder and a head on the hidden states after its final norm.

    In modes ``shared`` and ``post-hoc`` both strands are read, in training too. Pooled vectors of both are averaged,
    so that a sequence and its reverse complement get one answer. Along the sequence the head reads both strands at a
    position side by side, in either order, and the mean of both answers counts, outputs exchanged by ``complement``
    in the second: the answer for the reverse complement is the mirror image.

    Attributes:
        config: of the encoder.
        head_config: of the head.
        head: its layers.
        query: of attention pooling, (D,), zero at first, which is the mean; None without.
    """

    def __init__(self, config: ModelConfig, head: HeadConfig) -> None:
        super().__init__(config)
        if head.by_position and self.tokenizer.base_ids is None:
            remedy = "take a model that reads nucleotides"
            raise InputError(f"tokenizer {self.tokenizer.kind!r} has no token for a single base", remedy=remedy)
        self.head_config = head
        self.query: nn.Parameter | None
        self._add_head()

    @classmethod
    def on(cls, model: StrandModel, head: HeadConfig) -> Self:
        """A new head, with random weights, on the encoder of a model, which both then share.

        Raises:
            InputError: the head is for bases and a token of the model is not one.
        """
        with torch.device("meta"):
            task = cls(model.config.model_copy(update={"num_labels": 0}), head)
        task.encoder, task.complement_V = model.encoder, model.complement_V
        task._add_head()
        return task.to(model.device).train(model.training)

    def _add_head(self) -> None:
        """The head's weights, in float32, or in float64 where the encoder's are."""
        head, dtype = self.head_config, torch.promote_types(self.dtype, torch.float32)
        self.query = nn.Parameter(torch.zeros(self.config.d_model, dtype=dtype)) if self._attends else None
        self.head = HeadLayers(head, self.n_features).to(dtype)

    @property
    def _attends(self) -> bool:
        return self.head_config.pooling == "attention" and not self.head_config.by_position

    @property
    def joins_strands(self) -> bool:
        """Whether both strands are read: as the mode says, in training mode as in evaluation mode."""
        return self.config.reverse_complement in ("shared", "post-hoc")

    @property
    def n_features(self) -> int:
        """Numbers that the head reads: of a sequence, a pair of them, or a position."""
        head, sides = self.head_config, 2 if self.joins_strands else 1
        if head.by_position:
            return sides * self.config.d_model
        n_pooled = self.config.d_model * (sides if head.strands == "given" else 1)
        return n_pooled if head.task != "variant" or head.antisymmetric else 3 * n_pooled

    def forward(self, input_ids: Tensor, lengths: Tensor | None = None) -> TaskOutput:
        """Logits of token ids, int64 (B, L); ``lengths`` (B,) marks right padding, where logits of bases are 0.

        Every sequence gets the answer it has alone. Bins are counted from its start; what is left at its end is in
        none. Without gradients sequences of any length are read in parts, see ``stream``.
        """
        if self.head_config.by_position:
            return TaskOutput(torch.cat([out.logits for _, out in self._along(input_ids, lengths)], dim=1))
        return TaskOutput(self.head(self.features(input_ids, lengths)))

    def forward_pair(
        self,
        ref_ids: Tensor,
        alt_ids: Tensor,
        ref_lengths: Tensor | None = None,
        alt_lengths: Tensor | None = None,
    ) -> TaskOutput:
        """Logits (B, K) of variants, from windows with the reference's and the alternative's allele in their middle.

        ``lengths`` are as in ``forward``. Windows are cut with as many bases on either side of the allele, N beyond
        the ends of a contig: then the middle position is the allele's in both.
        """
        return TaskOutput(self.head(self.pair_features(ref_ids, alt_ids, ref_lengths, alt_lengths)))

    def features(
        self,
        input_ids: Tensor,
        lengths: Tensor | None = None,
        *,
        budget: Budget | None = None,
        advance: Callable[[int], None] = lambda count: None,
    ) -> Tensor:
        """Pooled vectors (B, F) of sequences, strands joined, in float32 at least: what a probe is trained on.

        Without gradients in memory for the residual stream alone; ``budget`` and ``advance`` are ``stream``'s.
        """
        poolers: list[SequencePooler] = []
        for part, hidden in self._parts(input_ids, lengths, budget, advance):
            poolers = poolers or [self._pooler(input_ids, lengths) for _ in hidden.read]
            for pooler, hidden_BLD in zip(poolers, hidden.read, strict=True):
                pooler.add(part, hidden_BLD)
        pooled = [pooler.pooled() for pooler in poolers]
        if self.head_config.strands == "given":
            return torch.cat(pooled, dim=-1)
        return torch.stack(pooled).mean(0)

    def pair_features(
        self,
        ref_ids: Tensor,
        alt_ids: Tensor,
        ref_lengths: Tensor | None = None,
        alt_lengths: Tensor | None = None,
    ) -> Tensor:
        """What the head reads of a variant, (B, F): alt - ref of the pooled vectors, its size, and their mean.

        An antisymmetric head reads alt - ref alone.
        """
        ref_BC, alt_BC = self.features(ref_ids, ref_lengths), self.features(alt_ids, alt_lengths)
        difference_BC = alt_BC - ref_BC
        if self.head_config.antisymmetric:
            return difference_BC
        return torch.cat([difference_BC, difference_BC.abs(), (alt_BC + ref_BC) / 2], dim=-1)

    @torch.no_grad()
    def stream(
        self,
        input_ids: Tensor,
        lengths: Tensor | None = None,
        *,
        budget: Budget | None = None,
        advance: Callable[[int], None] = lambda count: None,
    ) -> Iterator[tuple[Part, TaskOutput]]:
        """What ``forward`` gives, part by part from left to right, in memory for the residual stream of the strands.

        Parts are of positions for bases, of bins for tracks; of one answer a sequence there is one part, all of it.
        Arguments are those of ``StrandModel.stream_strands``.
        """
        if self.head_config.by_position:
            yield from self._along(input_ids, lengths, budget, advance)
        else:
            features_BF = self.features(input_ids, lengths, budget=budget, advance=advance)
            yield Part(0, input_ids.shape[1]), TaskOutput(self.head(features_BF))

    def answers(self, logits: Tensor) -> Tensor:
        """Probabilities, or values in units of the data, of logits (..., K): same shape."""
        head = self.head_config
        if head.kind == "classes":
            return torch.softmax(logits, dim=-1)
        if head.kind == "labels":
            return torch.sigmoid(logits)
        values = F.softplus(logits) if head.kind == "counts" else logits
        if head.target_scales is not None:
            values = values * torch.tensor(head.target_scales, dtype=logits.dtype, device=logits.device)
        if head.target_means is not None:
            values = values + torch.tensor(head.target_means, dtype=logits.dtype, device=logits.device)
        return values

    @torch.no_grad()
    def set_linear(
        self,
        weight: ArrayLike,
        bias: ArrayLike | None = None,
        *,
        feature_means: ArrayLike | None = None,
        feature_scales: ArrayLike | None = None,
    ) -> None:
        """Make the head a linear model of its features, as scikit-learn fitted it: see ``coefficients_of``.

        Raises:
            ValueError: the head has a hidden layer, or the coefficients are not those of its features and outputs.
        """
        if self.head.hidden is not None:
            raise ValueError("a head with a hidden layer is not a linear model")
        found = coefficients_of(
            self.head_config, weight, bias, feature_means=feature_means, feature_scales=feature_scales
        )
        final = self.head.final
        if found.weight.shape != final.weight.shape:
            raise ValueError(f"coefficients {found.weight.shape} for a head of {tuple(final.weight.shape)}")
        final.weight.copy_(torch.from_numpy(found.weight))
        if final.bias is not None:
            final.bias.copy_(torch.from_numpy(found.bias))

    def _parts(
        self,
        input_ids: Tensor,
        lengths: Tensor | None,
        budget: Budget | None = None,
        advance: Callable[[int], None] = lambda count: None,
    ) -> Iterator[tuple[Part, Strands]]:
        """Hidden states of both strands: all at once where gradients are wanted, else in parts."""
        if torch.is_grad_enabled():
            yield Part(0, input_ids.shape[1]), self.strands(input_ids, lengths)
        else:
            yield from self.stream_strands(input_ids, lengths, budget=budget, advance=advance)

    def _pooler(self, input_ids: Tensor, lengths: Tensor | None) -> SequencePooler:
        batch, length = input_ids.shape[:2]
        lengths_B = torch.full((batch,), length, device=input_ids.device) if lengths is None else lengths
        return pooler_of(self.head_config.pooling, lengths_B, self.query)

    def _along(
        self,
        input_ids: Tensor,
        lengths: Tensor | None,
        budget: Budget | None = None,
        advance: Callable[[int], None] = lambda count: None,
    ) -> Iterator[tuple[Part, TaskOutput]]:
        """Logits of parts of positions or of bins, 0 at pads."""
        bin_bp = self.head_config.bin_bp or 1
        bins = (BinMeans(bin_bp), BinMeans(bin_bp))
        counted = None if lengths is None else lengths // bin_bp
        pad_BL1 = padding(input_ids[:, : input_ids.shape[1] // bin_bp], counted)
        start = 0
        for _, (given_BLD, other_BLD) in self._parts(input_ids, lengths, budget, advance):
            if self.head_config.bin_bp is not None:
                given_BLD = bins[0].add(given_BLD)
                other_BLD = None if other_BLD is None else bins[1].add(other_BLD)
            part = Part(start, start + given_BLD.shape[1])
            logits_BLK = self._logits_along(given_BLD, other_BLD)
            if pad_BL1 is not None:
                logits_BLK = logits_BLK.masked_fill(pad_BL1[:, part.window], 0)
            yield part, TaskOutput(logits_BLK)
            start = part.end

    def _logits_along(self, given_BLD: Tensor, other_BLD: Tensor | None) -> Tensor:
        """(B, l, K) from both strands side by side; joined, the mean of what is said in either order."""
        if other_BLD is None:
            logits_BLK: Tensor = self.head(given_BLD)
            return logits_BLK
        logits_BLK = self.head(torch.cat([given_BLD, other_BLD], dim=-1))
        if self.head_config.strands == "given":
            return logits_BLK
        turned_BLK: Tensor = self.head(torch.cat([other_BLD, given_BLD], dim=-1))
        if self.head_config.complement is not None:
            turned_BLK = turned_BLK[..., list(self.head_config.complement)]
        return (logits_BLK + turned_BLK) / 2
