"""What a missing library says, and that the extras it names are those of the project."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from dna_mamba.errors import InputError
from dna_mamba.extras import EXTRAS, need

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]


def test_a_module_that_is_there_is_imported():
    assert need("pyarrow.parquet").__name__ == "pyarrow.parquet"


def test_a_missing_library_names_its_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(InputError) as refused:
        need("pandas", what="a data frame", instead="take .columns()")
    assert str(refused.value) == (
        "a data frame needs pandas, which is not installed; pip install 'dna-mamba[tables]', or take .columns()"
    )


@pytest.mark.parametrize("library", EXTRAS)
def test_extras_are_those_of_the_project(library):
    listed = PROJECT["optional-dependencies"][EXTRAS[library]]
    assert canonicalize_name(library) in {canonicalize_name(Requirement(line).name) for line in listed}
