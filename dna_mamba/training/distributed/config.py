"""How the processes that torchrun starts share a run."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class DistributedConfig(BaseModel):
    """How processes share a run. What is learnt does not depend on it, so any of it may change at a resume.

    Attributes:
        strategy: ``ddp`` keeps the whole model in every process; ``fsdp`` keeps a share of the weights, gradients and
            moments in each and fetches a layer when it is needed.
        context_parallel: processes that share one window; the others share the windows of a batch.
        timeout_seconds: a process that does not answer the others for so long ends the run.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    strategy: Literal["ddp", "fsdp"] = "ddp"
    context_parallel: int = Field(default=1, gt=0)
    timeout_seconds: float = Field(default=600.0, gt=0)
