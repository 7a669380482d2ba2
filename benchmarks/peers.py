"""Other models in plain torch: Mamba implementations at the same shape, and Transformers for the same task.

Each Mamba is run in both directions, as a bidirectional model would be. mamba-ssm is missing because it does not run on
a CPU. The Transformers are ``transformers.EsmModel`` of random weights with torch's own fused attention (sdpa). Each
package is optional.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from measuring import Times, measure_or_once, version_of
from torch import Tensor, nn

from dna_mamba.models import ModelConfig

Stack = Callable[[Tensor], Tensor]


class Peer(NamedTuple):
    """What it is called, the package that must be installed, and how its layers are made."""

    name: str
    package: str
    build: Callable[[ModelConfig], Stack]

    @property
    def version(self) -> str | None:
        """None where it is not installed."""
        return version_of(self.package)

    @property
    def label(self) -> str:
        return f"{self.name} {self.version}" if self.version else self.name


def transformers_stack(config: ModelConfig) -> Stack:
    """``MambaModel`` as it comes: without CUDA kernels its scan is a loop over positions."""
    from transformers import MambaConfig, MambaModel

    its = MambaConfig(
        vocab_size=16,
        hidden_size=config.d_model,
        state_size=config.d_state,
        num_hidden_layers=config.n_layer,
        expand=config.expand,
        conv_kernel=config.d_conv,
        use_cache=False,
    )
    model: nn.Module = MambaModel(its).eval()

    def run(x_BLD: Tensor) -> Tensor:
        hidden_BLD: Tensor = model(inputs_embeds=x_BLD).last_hidden_state
        return hidden_BLD

    return run


def mambapy_stack(config: ModelConfig) -> Stack:
    """``Mamba`` with its parallel scan."""
    from mambapy.mamba import Mamba, MambaConfig

    its = MambaConfig(
        d_model=config.d_model,
        n_layers=config.n_layer,
        d_state=config.d_state,
        expand_factor=config.expand,
        d_conv=config.d_conv,
        pscan=True,
    )
    model: nn.Module = Mamba(its).eval()
    return model


class TransformerShape(NamedTuple):
    """Of a Transformer encoder with rotary positions: what it is called, its size, and base pairs in a token."""

    name: str
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    vocab_size: int
    bp_per_token: int


TRANSFORMERS = (
    TransformerShape("NT-50M shape, 6-mers", 512, 12, 16, 4107, 6),
    TransformerShape("Transformer of our size", 256, 10, 8, 16, 1),
)
"""The shape of a published DNA model of 50 M parameters (Dalla-Torre et al. 2024), and one as large as ours."""


def transformer(shape: TransformerShape, longest_bp: int) -> nn.Module:
    """Random weights, in evaluation mode; token ids (B, tokens) to ``last_hidden_state``."""
    from transformers import EsmConfig, EsmModel

    config = EsmConfig(
        vocab_size=shape.vocab_size,
        hidden_size=shape.hidden_size,
        num_hidden_layers=shape.num_hidden_layers,
        num_attention_heads=shape.num_attention_heads,
        intermediate_size=4 * shape.hidden_size,
        max_position_embeddings=longest_bp // shape.bp_per_token + 4,
        position_embedding_type="rotary",
        emb_layer_norm_before=False,
        token_dropout=False,
        pad_token_id=1,
        attn_implementation="sdpa",
    )
    model: nn.Module = EsmModel(config, add_pooling_layer=False).eval()
    return model


PEERS = {
    "transformers": Peer("transformers MambaModel", "transformers", transformers_stack),
    "mambapy": Peer("mambapy pscan", "mambapy", mambapy_stack),
}


@torch.no_grad()
def time_peer(name: str, config: ModelConfig, length: int, seconds: float) -> Times:
    """One sequence read from left to right and from right to left, the answers added."""
    stack, x_BLD = PEERS[name].build(config), torch.randn(1, length, config.d_model)
    return measure_or_once(partial(_both_directions, stack, x_BLD), seconds)


def _both_directions(stack: Stack, x_BLD: Tensor) -> Tensor:
    return stack(x_BLD) + stack(x_BLD.flip(1)).flip(1)
