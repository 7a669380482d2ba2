"""Files of a store: hashed while they are written, mapped into memory when they are read."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


class HashedFile:
    """A new file and, while it is written, its length and SHA-256."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.n_bytes = 0
        self._file = open(path, "xb")  # noqa: SIM115 (closed by ``close``)
        self._sha256 = hashlib.sha256()

    def write(self, data: bytes | NDArray[Any]) -> None:
        """Append bytes, or those of an array."""
        view = data if isinstance(data, bytes) else data.reshape(-1).view(np.uint8).data
        self._file.write(view)
        self._sha256.update(view)
        self.n_bytes += len(view)

    def clear(self) -> None:
        """Take back everything that was written."""
        self._file.seek(0)
        self._file.truncate()
        self._sha256 = hashlib.sha256()
        self.n_bytes = 0

    def close(self) -> None:
        """Nothing is written after this."""
        self._file.close()

    @property
    def sha256(self) -> str:
        """Of what was written, hexadecimal."""
        return self._sha256.hexdigest()


def map_array(path: Path, dtype: "np.dtype[Any]") -> NDArray[Any]:
    """A file as an array (n,) that reads from disk what is asked of it; an empty file cannot be mapped."""
    if not path.stat().st_size:
        return np.empty(0, dtype=dtype)
    return np.memmap(path, dtype=dtype, mode="r").view(np.ndarray)
