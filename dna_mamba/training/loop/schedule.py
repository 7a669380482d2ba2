"""How long a run is, and what happens when."""

from pydantic import BaseModel, ConfigDict, Field


class ScheduleConfig(BaseModel):
    """Length of the run and what happens when, in steps."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: int = Field(gt=0)
    evaluate_every: int = Field(default=500, gt=0)
    checkpoint_every: int = Field(default=500, gt=0)
    keep_checkpoints: int = Field(default=2, gt=0)

    def evaluates_after(self, done: int) -> bool:
        """Whether ``done`` steps are followed by an evaluation; the one after the last step is the task's own."""
        return done % self.evaluate_every == 0 and done != self.steps

    def checkpoints_after(self, done: int) -> bool:
        """Whether ``done`` steps are followed by a checkpoint."""
        return done % self.checkpoint_every == 0 or done == self.steps
