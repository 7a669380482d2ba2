"""What a store says of itself: its genomes, where they came from, and the length and SHA-256 of each of its files."""

import hashlib
import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dna_mamba.errors import InputError

MANIFEST = "manifest.json"
"""Written last: a directory without it is not a store."""
FORMAT = "dna-mamba genome store"
VERSION = 1
_AGAIN = "copy the store again, or pack it again"
_CLOSED = ConfigDict(extra="forbid", frozen=True)


class StoredFile(BaseModel):
    """A file of the store."""

    model_config = _CLOSED

    bytes: int = Field(ge=0)
    sha256: str


class StoredGenome(BaseModel):
    """A genome: its name, the file it came from (without its folder), its weight, and what it is made of in bp.

    ``unknown_bp`` are N, ``ambiguous_bp`` other IUPAC codes than ACGT, N and U.
    """

    model_config = _CLOSED

    name: str
    file: str
    file_sha256: str
    weight: float = Field(ge=0, allow_inf_nan=False)
    contigs: int = Field(ge=0)
    bp: int = Field(ge=0)
    gc_bp: int = Field(ge=0)
    unknown_bp: int = Field(ge=0)
    ambiguous_bp: int = Field(ge=0)
    uracil_bp: int = Field(ge=0)
    soft_masked_bp: int = Field(ge=0)

    @property
    def known_bp(self) -> int:
        """Bases that are A, C, G, T or U."""
        return self.bp - self.unknown_bp - self.ambiguous_bp


class Manifest(BaseModel):
    """Everything a store says of itself."""

    model_config = _CLOSED

    format: Literal["dna-mamba genome store"] = "dna-mamba genome store"
    version: int = VERSION
    written_by: str
    genomes: list[StoredGenome]
    files: dict[str, StoredFile]

    @property
    def contents_sha256(self) -> str:
        """SHA-256 over what the store holds, whatever files it came from: sequence, names and weights."""
        content = {
            "files": {name: file.sha256 for name, file in sorted(self.files.items())},
            "weights": [(genome.name, genome.weight) for genome in self.genomes],
        }
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    @property
    def own_sha256(self) -> str:
        """SHA-256 over the manifest."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """The manifest and its own sum, as JSON."""
    content = manifest.model_dump(mode="json") | {"sha256": manifest.own_sha256}
    (directory / MANIFEST).write_text(json.dumps(content, indent=1) + "\n")


def is_store(path: str | Path) -> bool:
    """Whether a path is a directory whose manifest is that of a store, of any version."""
    try:
        content = json.loads((Path(path) / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and content.get("format") == FORMAT


def read_manifest(directory: Path) -> Manifest:
    """The manifest of a store, after a check that its files have the length that they had.

    Raises:
        InputError: this is not a store, or one of another version, or its manifest was altered, or a file is missing
            or of another length.
    """
    place = directory / MANIFEST
    content = _read(directory, place)
    if content.get("version") != VERSION:
        remedy = f"version {VERSION} is read: pack the genomes again"
        raise InputError(f"is a genome store of version {content.get('version')!r}", place=directory, remedy=remedy)
    own_sha256 = content.pop("sha256", None)
    try:
        manifest = Manifest.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise InputError(f"{key}: {first['msg']}", place=place, remedy=_AGAIN) from None
    if manifest.own_sha256 != own_sha256:
        raise InputError("was altered after it was written", place=place, remedy=_AGAIN)
    for name, file in manifest.files.items():
        _check_length(directory / name, file.bytes)
    return manifest


def _read(directory: Path, place: Path) -> dict[str, object]:
    if directory.is_file():
        remedy = "make one with dna-mamba data pack, or give FASTA files as genome.fasta"
        raise InputError("is a file, not a genome store", place=directory, remedy=remedy)
    if not directory.is_dir():
        raise InputError("no such genome store", place=directory, remedy="make one with dna-mamba data pack")
    try:
        content = json.loads(place.read_bytes())
    except FileNotFoundError:
        remedy = f"a store has a {MANIFEST}; make one with dna-mamba data pack"
        raise InputError("is not a genome store", place=directory, remedy=remedy) from None
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read as JSON ({error})", place=place, remedy=_AGAIN) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        remedy = "make one with dna-mamba data pack"
        raise InputError("is not the manifest of a genome store", place=place, remedy=remedy)
    return content


def _check_length(path: Path, n_bytes: int) -> None:
    try:
        found = path.stat().st_size
    except OSError:
        raise InputError("is missing from the store", place=path, remedy=_AGAIN) from None
    if found != n_bytes:
        raise InputError(f"has {found:,} bytes, not {n_bytes:,} as when it was written", place=path, remedy=_AGAIN)
