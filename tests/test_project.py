"""The files around the code: each fact is stated once, or the copies agree."""

import os
import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from dna_mamba import __version__
from dna_mamba.cli.main import COMMANDS

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base", "pyBigWig": "pybigwig"}
DOCUMENTS = sorted(
    str(path.relative_to(ROOT))
    for pattern in ("*.md", "docs/*.md", "docs/decisions/*.md", "kernels/*.md", "pipelines/**/*.md")
    for path in ROOT.glob(pattern)
)
BUILD_TOOLS = {"scikit-build-core", "cmake", "ninja"}


def requirements(lines: list[str]) -> dict[str, Requirement]:
    return {requirement.name: requirement for requirement in map(Requirement, lines)}


def test_environment_yml_has_the_ranges_of_pyproject():
    dependencies = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    conda = {name: str(r.specifier) for name, r in requirements(dependencies).items()}
    build = [line for line in EXTRAS["dev"] if Requirement(line).name in BUILD_TOOLS]
    extras = [line for name in ("plot", "bigwig", "tables") for line in EXTRAS[name]]
    wanted = requirements([*PROJECT["dependencies"], *extras, *build])
    expected = {CONDA_NAMES.get(name, name): str(r.specifier) for name, r in wanted.items()}
    expected |= {"python": PROJECT["requires-python"], "cxx-compiler": "", "pip": ""}
    assert conda == expected


def test_constraints_pin_every_requirement_within_its_range():
    text = (ROOT / "constraints.txt").read_text()
    pins = requirements([line for line in text.splitlines() if line and not line.startswith("#")])
    wanted = requirements([*PROJECT["dependencies"], *(line for lines in EXTRAS.values() for line in lines)])
    assert pins.keys() == wanted.keys()
    for name, pin in pins.items():
        (specifier,) = pin.specifier
        assert specifier.operator == "==" and Version(specifier.version) in wanted[name].specifier, name


def test_the_version_is_stated_in_one_place():
    assert "version" not in PROJECT and "version" in PROJECT["dynamic"]
    assert metadata.version("dna-mamba") == __version__
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == __version__


def test_the_licence_is_one():
    assert PROJECT["license"] == yaml.safe_load((ROOT / "CITATION.cff").read_text())["license"] == "Apache-2.0"
    assert "Apache License\n                           Version 2.0" in (ROOT / "LICENSE").read_text()


def test_both_packages_are_typed_and_kernels_shadows_none():
    assert (ROOT / "dna_mamba/py.typed").exists()
    assert (ROOT / "kernels/dna_mamba_kernels/py.typed").exists()
    assert not (ROOT / "kernels/__init__.py").exists()


def test_architecture_fits_a_screen():
    lines = (ROOT / "ARCHITECTURE.md").read_text().splitlines()
    assert len(lines) <= 60 and max(map(len, lines)) <= 140


@pytest.mark.parametrize("document", DOCUMENTS)
def test_documents_name_what_exists(document):
    text = (ROOT / document).read_text()
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for target in re.findall(r"`(?:[A-Z]+=\S+ )*make ([a-z-]+)", text):
        assert target in targets, f"make {target}"
    for name in re.findall(r"(?:`|^|^\$ )dna-mamba ([a-z]+)", text, re.MULTILINE):
        assert name in COMMANDS, f"dna-mamba {name}"
    for path in re.findall(r"`((?:dna_mamba|kernels|tests|docs|pipelines|benchmarks)/[\w./-]*)`", text):
        assert (ROOT / path).exists(), path
    for path in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (ROOT / document).parent.joinpath(path).exists(), path


def test_ci_can_be_run():
    assert os.access(ROOT / ".ci/run", os.X_OK)
