"""A run is many small trainings: what each said is kept as soon as it is done, and not done again."""

import hashlib
import json
from typing import NamedTuple

import numpy as np

from dna_mamba.errors import InputError
from dna_mamba.io.atomic import atomic_output
from dna_mamba.runs.progress import Progress
from dna_mamba.training.finetune.problem import HeldOutAnswer


class TrainingUnit(NamedTuple):
    """One method, taught on one fold with one seed."""

    method: str
    fold: int
    seed: int

    @property
    def name(self) -> str:
        """Of its files."""
        return f"{self.method}-fold-{self.fold}-seed-{self.seed}"


class UnitStore(Progress):
    """Answers of units that are done, a file each; use it as a context manager. Numbers come back to the last bit."""

    def has(self, unit: TrainingUnit) -> bool:
        """Whether a unit is done."""
        return (self.directory / f"{unit.name}.json").is_file()

    def write(self, unit: TrainingUnit, answer: HeldOutAnswer) -> None:
        """Keep what a unit said, whole or not at all.

        Raises:
            MachineError: the disk is full.
        """
        said = json.dumps({"answers": answer.answers.tolist(), "chosen": answer.chosen, "log": answer.log}).encode()
        with atomic_output(self.directory / f"{unit.name}.json", force=True) as stream:
            stream.write(_sum(said) + b"\n" + said)

    def read(self, unit: TrainingUnit) -> HeldOutAnswer:
        """What a unit said. Raises InputError where its file is damaged."""
        place = self.directory / f"{unit.name}.json"
        try:
            total, _, content = place.read_bytes().partition(b"\n")
            if total != _sum(content):
                raise ValueError("its SHA-256 is another")
            said = json.loads(content)
            answers = np.array(said["answers"], dtype=np.float64)
            return HeldOutAnswer(answers, dict(said["chosen"]), tuple(said["log"]))
        except (OSError, ValueError, LookupError, TypeError) as error:
            remedy = "remove it, and --resume does it again"
            raise InputError(f"is damaged ({error})", place=place, remedy=remedy) from None


def _sum(content: bytes) -> bytes:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest().encode()
