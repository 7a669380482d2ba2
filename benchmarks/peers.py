"""Other Mamba implementations in plain torch, at the same shape, run in both directions as a bidirectional model would.

Each is optional. mamba-ssm is missing because it does not run on a CPU.
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
