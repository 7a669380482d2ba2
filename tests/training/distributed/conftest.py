"""Processes, and what one of them alone learns."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.training.distributed.processes import Starter
from tests.training.toy_genome import write_recipe


@pytest.fixture(scope="package")
def starter() -> Iterator[Starter]:
    started = Starter()
    yield started
    started.close()


@pytest.fixture(scope="package")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 steps of 5 windows, some of them padded, with lower case of little weight: nothing divides evenly."""
    directory = tmp_path_factory.mktemp("uneven")
    path = write_recipe(directory)
    lines = (directory / "genome.fa").read_text().splitlines()
    letters = lines[1]
    short = "".join(f">short{i}\n{letters[i * 40 : i * 40 + 40]}\n" for i in range(40))
    (directory / "genome.fa").write_text(
        "\n".join([lines[0], letters[:2000].lower() + letters[2000:4000], *lines[2:], short])
    )
    recipe = yaml.safe_load(path.read_text())
    recipe["batch"]["windows"] = 5
    recipe["masking"] = {"soft_mask_weight": 0.1}
    recipe["schedule"] = {"steps": 20, "evaluate_every": 7, "checkpoint_every": 4}
    path.write_text(yaml.safe_dump(recipe))
    return path


@pytest.fixture(scope="package")
def alone(starter: Starter, uneven: Path) -> Path:
    """The run of one process."""
    directory = uneven.parent / "alone"
    assert starter.run(1, uneven, directory).codes == [0]
    return directory
