"""Notebooks run from top to bottom, and are stored as they ran.

After a change of a notebook, or of the packaged model: ``python -m tests.notebooks.execution``.
"""

import re

import nbformat
import pytest

from dna_mamba.checkpoints import packaged_models
from tests.notebooks.execution import NOTEBOOKS, execute

MAX_BYTES = 400_000


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def printed(notebook):
    return "".join(output.get("text", "") for cell in code_cells(notebook) for output in cell.outputs)


def without_numbers(text):
    """Numbers may differ in their last digits from one machine to another."""
    return re.sub(r"[-+]?\d[\d.,]*(e[-+]\d+)?", "#", text).split()


def figures(notebook):
    return [o for cell in code_cells(notebook) for o in cell.outputs if "image/png" in o.get("data", {})]


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def stored(path):
    return nbformat.read(path, as_version=4)


def test_there_are_notebooks():
    assert NOTEBOOKS


def test_outputs_are_stored_in_the_order_of_one_run(stored):
    nbformat.validate(stored)
    cells = code_cells(stored)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]
    assert printed(stored) and figures(stored)


def test_stored_outputs_are_of_the_packaged_models(stored):
    source = "\n".join(cell.source for cell in code_cells(stored))
    used = [model for name, model in packaged_models().items() if f'load_model("{name}")' in source]
    assert used
    for model in used:
        assert model.sha256[:12] in printed(stored), f"run it again: {model.name} has other weights"


def test_size_is_bounded(path):
    assert path.stat().st_size < MAX_BYTES


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")  # of the Jupyter libraries
def test_runs_from_top_to_bottom(path, stored, tmp_path):
    fresh = execute(path, tmp_path)
    assert [cell.source for cell in fresh.cells] == [cell.source for cell in stored.cells]
    assert len(figures(fresh)) == len(figures(stored))
    assert without_numbers(printed(fresh)) == without_numbers(printed(stored))
