"""Run notebooks. ``python -m tests.notebooks.execution`` runs each of them and stores its outputs."""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).parent.parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
_TIMEOUT_S = 600
_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def execute(path: Path, directory: Path) -> NotebookNode:
    """The notebook with the outputs of a run from top to bottom, in this interpreter, in an empty directory.

    Raises:
        CellExecutionError: a cell failed; the message holds the cell and its traceback.
    """
    notebook = nbformat.read(path, as_version=4)
    work = directory / "work"
    work.mkdir()
    with _kernel_is_this_interpreter(directory):
        resources = {"metadata": {"path": str(work)}}
        client = NotebookClient(
            notebook,
            timeout=_TIMEOUT_S,
            startup_timeout=_TIMEOUT_S,
            kernel_name="python3",
            record_timing=False,
            resources=resources,
        )
        client.execute()
    assert not list(work.iterdir()), f"{path.name} leaves files behind"
    notebook.metadata = _METADATA  # nothing of the machine it ran on
    return notebook


@contextmanager
def _kernel_is_this_interpreter(directory: Path) -> Iterator[None]:
    """A kernel of this interpreter, before any that is installed, and no one's IPython settings."""
    kernel = directory / "kernels" / "python3"
    kernel.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(json.dumps({"argv": command, "display_name": "Python 3", "language": "python"}))
    settings = {
        "JUPYTER_PATH": str(directory),
        "JUPYTER_RUNTIME_DIR": str(directory / "runtime"),
        "IPYTHONDIR": str(directory / "ipython"),
    }
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


def main() -> None:
    """Store the outputs of every notebook, or of those named."""
    for path in map(Path, sys.argv[1:]) if sys.argv[1:] else NOTEBOOKS:
        with tempfile.TemporaryDirectory() as directory:
            notebook = execute(path, Path(directory))
        nbformat.write(notebook, path)
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
