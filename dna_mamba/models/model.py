"""Models: tokens in; hidden states of both strands as configured, or predictions for every token, out."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from dna_mamba.errors import InputError
from dna_mamba.models.config import ModelConfig
from dna_mamba.models.context import SequencePart
from dna_mamba.models.encoder import Encoder, padding
from dna_mamba.models.strands import (
    ModelOutput,
    Strands,
    join_average,
    join_shared,
    mirror,
    mirror_index,
    reverse_complement_ids,
    tied_logits,
)
from dna_mamba.models.streaming import Budget, Part, budget_of, parts_of
from dna_mamba.tokenizers import Tokenizer, from_config
from dna_mamba_kernels import survive_forks


class StrandModel(nn.Module):
    """An encoder with its tokenizer, and the reverse complement of what it reads.

    Attributes:
        config: the configuration the weights belong to.
        tokenizer: turns sequences into the ids this model reads.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        survive_forks()
        self.config = config
        self.tokenizer: Tokenizer = from_config(config.tokenizer)
        complement = self.tokenizer.complement
        if complement is None and (config.reverse_complement in ("post-hoc", "shared") or config.complemented_input):
            raise InputError(
                f"reverse_complement={config.reverse_complement!r} with tokenizer {self.tokenizer.kind!r}, "
                "whose tokens have no reverse complement",
                remedy="use reverse_complement: augment, or a nucleotide or k-mer tokenizer",
            )
        complement_V = None if complement is None else torch.from_numpy(complement.copy())
        self.encoder = Encoder(config, self.tokenizer.vocab_size, complement_V)
        self.complement_V: Tensor | None
        self.register_buffer("complement_V", complement_V, persistent=False)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.encoder.embedding.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """Of the weights."""
        return self.encoder.embedding.weight.dtype

    @property
    def n_bytes(self) -> int:
        """Bytes of the weights."""
        return sum(p.numel() * p.element_size() for p in self.parameters())

    @property
    def joins_strands(self) -> bool:
        """Whether ``forward`` runs both strands: as the mode says, in training mode for ``shared`` alone."""
        mode = self.config.reverse_complement
        return mode == "shared" or (mode == "post-hoc" and not self.training)

    def _with_other_strand(self, input_ids: Tensor, lengths: Tensor | None) -> Tensor:
        if self.complement_V is None:
            raise InputError(
                f"tokenizer {self.tokenizer.kind!r} has no reverse complement", remedy="score one strand only"
            )
        return torch.cat([input_ids, reverse_complement_ids(input_ids, self.complement_V, lengths)])

    @property
    def n_parameters(self) -> int:
        """Trainable numbers."""
        return sum(p.numel() for p in self.parameters())

    def strands(self, input_ids: Tensor, lengths: Tensor | None = None, *, both: bool | None = None) -> Strands:
        """Hidden states of token ids, int64 (B, L), zeros at pads; ``both`` strands, or as the mode says if None.

        Raises:
            InputError: both strands are wanted and the tokenizer has no reverse complement.
        """
        if not (self.joins_strands if both is None else both):
            return Strands(self.encoder(input_ids, lengths), None)
        both_lengths = None if lengths is None else torch.cat([lengths, lengths])
        a_BLD, b_BLD = self.encoder(self._with_other_strand(input_ids, lengths), both_lengths).chunk(2)
        return Strands(a_BLD, mirror(b_BLD, mirror_index(input_ids, lengths)))

    @torch.no_grad()
    def stream_strands(
        self,
        input_ids: Tensor,
        lengths: Tensor | None = None,
        *,
        both: bool | None = None,
        budget: Budget | None = None,
        n_layers: int | None = None,
        advance: Callable[[int], None] = lambda count: None,
    ) -> Iterator[tuple[Part, Strands]]:
        """What ``strands`` gives for whole sequences, part by part from left to right, without gradients.

        In memory for the residual stream of the strands and what ``budget`` says, however long the sequences are.
        Parts and the rounding of matrix products depend on its positions; the function does not.

        Args:
            input_ids: int64 (B, L).
            lengths: int64 (B,), marks right padding.
            both: run both strands; None asks the mode.
            budget: None takes the device's own, as far as its free memory goes.
            n_layers: run only the first so many layers; None all of them. Before the last one hidden states are the
                residual stream, through no norm.
            advance: told the positions a layer has just finished: layers x strands x B x L in all.

        Raises:
            InputError: as ``strands``.
        """
        batch, length = input_ids.shape[:2]
        positions = (budget or budget_of(input_ids.device)).positions
        joins = self.joins_strands if both is None else both
        ids = self._with_other_strand(input_ids, lengths) if joins else input_ids
        both_lengths = torch.cat([lengths, lengths]) if joins and lengths is not None else lengths
        residual_BLD = self.encoder.residual(ids, both_lengths, budget, n_layers=n_layers, advance=advance)
        index_BL = mirror_index(input_ids, lengths) if joins else None
        pad_BL1 = padding(input_ids, lengths)
        for part in parts_of(length, positions // max(1, len(ids))):
            pads = None if pad_BL1 is None else pad_BL1[:, part.window]
            a_BLD = self._finish(residual_BLD[:batch, part.window], pads, n_layers)
            if index_BL is None:
                yield part, Strands(a_BLD, None)
            else:
                mirrored_BLD = mirror(residual_BLD[batch:], index_BL[:, part.window])
                yield part, Strands(a_BLD, self._finish(mirrored_BLD, pads, n_layers))

    def _finish(self, residual_BLD: Tensor, pad_BL1: Tensor | None, n_layers: int | None) -> Tensor:
        """Hidden states of a part after so many layers, in the weights' dtype, zeros at pads."""
        if n_layers is None or n_layers == self.config.n_layer:
            hidden_BLD = self.encoder.normed(residual_BLD)
        else:
            hidden_BLD = residual_BLD.to(self.dtype)
        return hidden_BLD if pad_BL1 is None else hidden_BLD.masked_fill(pad_BL1, 0)


class MaskedLanguageModel(StrandModel):
    """Bidirectional Mamba with a head tied to the embedding."""

    def forward(
        self, input_ids: Tensor, lengths: Tensor | None = None, part: SequencePart | None = None
    ) -> ModelOutput:
        """Logits (B, L, V) and hidden states (B, L, C) of token ids, int64 (B, L).

        ``lengths`` (B,) marks right padding; every sequence gets the answer it has alone. C is d_model, twice that
        in mode ``shared`` (forward strand first, then the reverse strand with its channels reversed). In training
        mode ``post-hoc`` runs the given strand alone.

        With ``part`` ids and lengths are those of this process's part of the sequences, as ``part.of`` and
        ``part.lengths`` cut them, and so is what comes out: what the whole sequences give there, to rounding. All
        processes of its group call this at once, and all of them run the backward pass if one does; the gradient of
        a weight is then the sum of theirs.

        Raises:
            ValueError: ids are not as long as the part.
        """
        if self.joins_strands:
            return self.both_strands(input_ids, lengths, part)
        return self._one_strand(self.encoder(input_ids, lengths, part))

    def both_strands(
        self, input_ids: Tensor, lengths: Tensor | None = None, part: SequencePart | None = None
    ) -> ModelOutput:
        """As ``forward``, with both strands run and joined whatever the mode: averaged unless it is ``shared``.

        Raises:
            InputError: the tokenizer has no reverse complement.
        """
        if part is not None:
            return self._both_strands_of(part, input_ids, lengths)
        return self._answer(self.strands(input_ids, lengths, both=True))

    def _both_strands_of(self, part: SequencePart, input_ids: Tensor, lengths: Tensor | None) -> ModelOutput:
        """The other strand turned round as a whole, pads too: then every base meets its complement on one process."""
        strands = self._with_other_strand(input_ids, None)
        both_lengths = None if lengths is None else torch.cat([lengths, lengths])
        a_BLD, b_BLD = self.encoder(strands, both_lengths, part.of_both_strands).chunk(2)
        return self._join(a_BLD, b_BLD.flip(1))

    @torch.no_grad()
    def site_logits(self, input_ids: Tensor, offsets: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Logits (B, V) of ``both_strands`` at one position of each sequence, ``offsets`` int64 (B,), without the rest.

        Raises:
            InputError: the tokenizer has no reverse complement.
        """
        length, strands = input_ids.shape[1], self._with_other_strand(input_ids, lengths)
        offset = int(offsets[0])
        if lengths is None and 2 * offset == length - 1 and bool((offsets == offset).all()):  # the middle of all
            return self._join(*self.encoder.hidden_at(strands, offset).chunk(2)).logits[:, 0]
        both_lengths = None if lengths is None else torch.cat([lengths, lengths])
        residual_BLD = self.encoder.residual(strands, both_lengths)
        rows = torch.arange(len(input_ids), device=input_ids.device)
        places = (offsets, (length if lengths is None else lengths) - 1 - offsets)
        a_B1D, b_B1D = (
            self.encoder.normed(strand_BLD[rows, at_B][:, None])
            for strand_BLD, at_B in zip(residual_BLD.chunk(2), places, strict=True)
        )
        return self._join(a_B1D, b_B1D).logits[:, 0]

    @torch.no_grad()
    def stream(
        self,
        input_ids: Tensor,
        lengths: Tensor | None = None,
        *,
        both_strands: bool | None = None,
        budget: Budget | None = None,
        n_layers: int | None = None,
        advance: Callable[[int], None] = lambda count: None,
    ) -> Iterator[tuple[Part, ModelOutput]]:
        """What ``forward`` (or ``both_strands``) gives for whole sequences, part by part: see ``stream_strands``.

        ``both_strands`` runs and joins both; None asks the mode, as ``forward`` does. After fewer than all layers
        ``logits`` are read off the residual stream as it is.

        Raises:
            InputError: both strands are wanted and the tokenizer has no reverse complement.
        """
        strands = self.stream_strands(
            input_ids, lengths, both=both_strands, budget=budget, n_layers=n_layers, advance=advance
        )
        yield from map(self._answer_part, strands)  # no name here keeps a part alive while the next is computed

    def _answer_part(self, streamed: tuple[Part, Strands]) -> tuple[Part, ModelOutput]:
        return streamed[0], self._answer(streamed[1])

    def _answer(self, hidden: Strands) -> ModelOutput:
        return self._one_strand(hidden.given) if hidden.other is None else self._join(hidden.given, hidden.other)

    def _one_strand(self, hidden_BLD: Tensor) -> ModelOutput:
        return ModelOutput(tied_logits(hidden_BLD, self.encoder.embedding.weight), hidden_BLD)

    def _join(self, a_BLD: Tensor, b_BLD: Tensor) -> ModelOutput:
        assert self.complement_V is not None
        join = join_shared if self.config.reverse_complement == "shared" else join_average
        return join(a_BLD, b_BLD, self.encoder.embedding.weight, self.complement_V)
