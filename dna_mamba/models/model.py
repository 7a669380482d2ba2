"""The masked language model: tokens in, logits and hidden states out, both strands as the configuration says."""

import torch
from torch import Tensor, nn

from dna_mamba.errors import InputError
from dna_mamba.models.config import ModelConfig
from dna_mamba.models.encoder import Encoder
from dna_mamba.models.strands import (
    ModelOutput,
    join_average,
    join_shared,
    mirror,
    mirror_index,
    reverse_complement_ids,
    tied_logits,
)
from dna_mamba.tokenizers import Tokenizer, from_config


class MaskedLanguageModel(nn.Module):
    """Bidirectional Mamba with a head tied to the embedding.

    Attributes:
        config: the configuration the weights belong to.
        tokenizer: turns sequences into the ids this model reads.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.tokenizer: Tokenizer = from_config(config.tokenizer)
        self.encoder = Encoder(config, self.tokenizer.vocab_size)
        complement = self.tokenizer.complement
        if complement is None and config.reverse_complement in ("post-hoc", "shared"):
            raise InputError(
                f"reverse_complement={config.reverse_complement!r} with tokenizer {self.tokenizer.kind!r}, "
                "whose tokens have no reverse complement",
                remedy="use reverse_complement: augment, or a nucleotide or k-mer tokenizer",
            )
        self.complement_V: Tensor | None
        self.register_buffer(
            "complement_V", None if complement is None else torch.from_numpy(complement.copy()), persistent=False
        )

    def forward(self, input_ids: Tensor, lengths: Tensor | None = None) -> ModelOutput:
        """Logits (B, L, V) and hidden states (B, L, C) of token ids, int64 (B, L).

        ``lengths`` (B,) marks right padding; every sequence gets the answer it has alone. C is d_model, twice that
        in mode ``shared`` (forward strand first, then the reverse strand with its channels reversed). In training
        mode ``post-hoc`` runs the given strand alone.
        """
        mode = self.config.reverse_complement
        if mode == "shared" or (mode == "post-hoc" and not self.training):
            return self.both_strands(input_ids, lengths)
        hidden_BLD = self.encoder(input_ids, lengths)
        return ModelOutput(tied_logits(hidden_BLD, self.encoder.embedding.weight), hidden_BLD)

    def both_strands(self, input_ids: Tensor, lengths: Tensor | None = None) -> ModelOutput:
        """As ``forward``, with both strands run and joined whatever the mode: averaged unless it is ``shared``.

        Raises:
            InputError: the tokenizer has no reverse complement.
        """
        if self.complement_V is None:
            raise InputError(
                f"tokenizer {self.tokenizer.kind!r} has no reverse complement", remedy="score one strand only"
            )
        other_BL = reverse_complement_ids(input_ids, self.complement_V, lengths)
        both_lengths = None if lengths is None else torch.cat([lengths, lengths])
        a_BLD, b_BLD = self.encoder(torch.cat([input_ids, other_BL]), both_lengths).chunk(2)
        b_BLD = mirror(b_BLD, mirror_index(input_ids, lengths))
        join = join_shared if self.config.reverse_complement == "shared" else join_average
        return join(a_BLD, b_BLD, self.encoder.embedding.weight, self.complement_V)

    @property
    def n_parameters(self) -> int:
        """Trainable numbers."""
        return sum(p.numel() for p in self.parameters())
