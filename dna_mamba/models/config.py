"""The configuration of a model: everything that decides which function its weights are."""

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dna_mamba.errors import InputError

ReverseComplement = Literal["none", "augment", "post-hoc", "shared"]
Size = Annotated[int, Field(gt=0, le=2**16)]
"""More is a slip of the pen, and must not be taken for a size before the weights say the same."""


class ModelConfig(BaseModel):
    """Shape and strand mode of a bidirectional Mamba-1 encoder with its language-model head.

    Unknown keys are errors. ``d_inner`` is ``expand * d_model``; ``dt_rank`` defaults to ceil(d_model / 16), as in
    Mamba (Gu & Dao 2023).

    Both directions of a layer share their projections where ``tied``, and ``combine`` their outputs. The other switches
    exist because published models set them: ``norm`` (RMSNorm or LayerNorm), ``conv_bias`` and ``proj_bias``,
    ``residual_in_fp32`` (of a model in bfloat16), ``complemented_input`` (the input embedding is the head's,
    complements exchanged and channels reversed: see ``checkpoints.caduceus``). ``num_labels`` above 0 makes it a
    classifier of whole sequences. ``reverse_complement`` is the mode:

    - ``none``: one strand in, that strand's answer out.
    - ``augment``: as ``none``, trained on a random strand of each window.
    - ``post-hoc``: trained as ``augment``; at inference both strands are run and averaged.
    - ``shared``: both strands always run through one network and their answers are joined, so that the model is
      reverse-complement equivariant by construction (Caduceus-PS, Schiff et al. 2024).

    ``trained_window_bp`` is how many bases the model last read at a time while it was trained; None where nobody noted
    it. It changes no output: it is what context defaults to.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    d_model: Size
    n_layer: int = Field(gt=0, le=1024)
    d_state: Size = 16
    d_conv: Size = 4
    expand: Size = 2
    dt_rank: int = Field(default=0, ge=0, le=2**16)
    norm: Literal["rms", "layer"] = "rms"
    norm_eps: float = Field(default=1e-5, gt=0, allow_inf_nan=False)
    conv_bias: bool = True
    proj_bias: bool = False
    combine: Literal["add", "multiply"] = "add"
    tied: bool = True
    residual_in_fp32: bool = False
    complemented_input: bool = False
    num_labels: int = Field(default=0, ge=0, le=2**16)
    reverse_complement: ReverseComplement = "shared"
    tokenizer: dict[str, Any]
    trained_window_bp: int | None = Field(default=None, gt=0)

    @model_validator(mode="before")
    @classmethod
    def _resolve_dt_rank(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("dt_rank", "auto") in ("auto", 0):
            d_model = values.get("d_model", 0)
            rank = math.ceil(d_model / 16) if isinstance(d_model, int) else 0
            return values | {"dt_rank": rank}
        return values

    @property
    def d_inner(self) -> int:
        """Channels of the scan."""
        return self.expand * self.d_model

    @property
    def d_hidden(self) -> int:
        """Channels of ``ModelOutput.hidden``: both strands side by side in mode ``shared``."""
        return 2 * self.d_model if self.reverse_complement == "shared" else self.d_model


_SHAPES = {
    "tiny": {"d_model": 128, "n_layer": 8},
    "small": {"d_model": 256, "n_layer": 16},
    "base": {"d_model": 512, "n_layer": 24},
}


def preset(size: str, tokenizer: dict[str, Any], **overrides: Any) -> ModelConfig:
    """One of the default shapes: ``tiny`` (about 1 M parameters), ``small`` (8 M), ``base`` (44 M).

    Raises:
        InputError: no such size.
    """
    if size not in _SHAPES:
        raise InputError(f"no model size {size!r}", remedy=f"choose one of {', '.join(_SHAPES)}")
    return ModelConfig.model_validate({**_SHAPES[size], "tokenizer": tokenizer, **overrides})
