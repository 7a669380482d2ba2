"""Which paths are read at all: local ones. htslib would quietly open URLs and index tricks hidden in a name.

A name is bytes to the operating system; those that are not UTF-8 come as surrogates (PEP 383) and stay as they are.
"""

import os
import re
from pathlib import Path

from dna_mamba.errors import InputError

STDIO = "-"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://")
_HTSLIB_SCHEMES = ("http", "https", "ftp", "ftps", "s3", "gs", "data", "file", "mem", "preload", "crypt4gh")


def check_local(path: str | Path) -> str:
    """The path as a string, if it names something on this machine; ``-`` is standard input or output.

    Raises:
        InputError: a URL (``http:``, ``s3:``, ``data:``, ...) or a ``##idx##`` name; nothing is ever downloaded.
    """
    text = os.fspath(path)
    scheme = text.split(":", 1)[0].lower()
    is_url = ":" in text and (scheme in _HTSLIB_SCHEMES or scheme.split("+")[0] in ("s3", "gs"))
    if is_url or _SCHEME.match(text):
        raise InputError(f"{text!r} is a URL", remedy="download it first: only local files are read and written")
    if "##idx##" in text:
        raise InputError(f"{text!r} names an index with ##idx##", remedy="give the data file alone")
    if not text or "\0" in text:
        raise InputError(f"{text!r} is not a file name")
    return text


def display_name(path: str | Path) -> str:
    """How messages name the file."""
    return "standard input" if os.fspath(path) == STDIO else os.fspath(path)


def clipped_name(name: str, n_bytes: int) -> str:
    """The longest beginning of a file name that takes at most ``n_bytes`` on disk; no character is cut."""
    while len(os.fsencode(name)) > n_bytes:
        name = name[:-1]
    return name


def cache_directory() -> Path:
    """``$XDG_CACHE_HOME/dna-mamba``, by default ``~/.cache/dna-mamba`` (XDG Base Directory specification)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return Path(base if os.path.isabs(base) else os.path.expanduser("~/.cache")) / "dna-mamba"


def input_error_of(error: OSError, path: str | Path) -> InputError:
    """An operating system's refusal to open or read, as one line that names the file."""
    remedies = {
        FileNotFoundError: "check the path",
        IsADirectoryError: "give a file, not a directory",
        PermissionError: "check its permissions",
    }
    reason = (error.strerror or str(error)).lower()
    return InputError(f"cannot be read ({reason})", place=display_name(path), remedy=remedies.get(type(error)))
