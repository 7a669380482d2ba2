"""Libraries that only some features need: imported where they are used, or named with the extra that brings them."""

import importlib
from typing import Any

from dna_mamba.errors import InputError

EXTRAS = {
    "matplotlib": "plot",
    "pooch": "benchmarks",
    "pyBigWig": "bigwig",
    "pandas": "tables",
    "pyarrow": "tables",
    "anndata": "tables",
    "huggingface_hub": "hf",
    "transformers": "hf",
    "peft": "hf",
    "tensorboard": "tensorboard",
}
"""The extra of each library, as in pyproject.toml."""


def need(module: str, *, what: str | None = None, instead: str | None = None) -> Any:
    """Import a library of an extra, or one of its modules (``pyarrow.parquet``).

    Args:
        module: full name.
        what: what needs it, as an error begins; default the library itself.
        instead: what else could be done, as an error ends.

    Raises:
        InputError: it is not installed; names the extra.
    """
    library = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ImportError:
        problem = f"{what} needs {library}, which is not installed" if what else f"{library} is not installed"
        remedy = f"pip install 'dna-mamba[{EXTRAS[library]}]'"
        raise InputError(problem, remedy=f"{remedy}, or {instead}" if instead else remedy) from None
