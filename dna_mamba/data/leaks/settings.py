"""What counts as a leak, and how hard it is looked for."""

from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field


class LeakSettings(BaseModel):
    """Windows of ``window_bp`` leak where ``share`` of their bases or more stand in training.

    ``sensitive`` finds copies of 80-90 % identity too, in several times the time and memory.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    window_bp: int = Field(default=1000, ge=100)
    share: float = Field(default=0.5, gt=0, le=1)
    sensitive: bool = False

    @property
    def seeding(self) -> "Seeding":
        """How matches are found."""
        return SENSITIVE if self.sensitive else USUAL


class HomologyConfig(LeakSettings):
    """What a recipe asks for: leaks are told, or also excluded from training or from what is held out."""

    action: Literal["report", "exclude-training", "exclude-held-out"] = "report"


class Seeding(NamedTuple):
    """How matches are found: shared k-mers in line with each other on one diagonal, up to some bases apart.

    Lines of shared k-mers, as in minimap (Li 2016, *Minimap and miniasm*), here on one strand of one place and within
    ``band_bp`` of one diagonal.
    """

    k: int
    """Bases of a k-mer; odd."""
    scaled: int
    """One k-mer in so many is looked up."""
    gap_bp: int
    """Bases between the beginnings of two neighbouring k-mers of a match, at most."""
    band_bp: int
    """How far the diagonals of a match's k-mers may lie apart: insertions less deletions."""
    n_seeds: int
    """K-mers of a match, at least."""
    span_bp: int
    """Bases of a match, at least."""


USUAL = Seeding(k=21, scaled=2, gap_bp=250, band_bp=64, n_seeds=2, span_bp=42)
SENSITIVE = Seeding(k=15, scaled=1, gap_bp=400, band_bp=64, n_seeds=3, span_bp=40)
