"""What the sections of every recipe have in common."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Keys that are not known are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
