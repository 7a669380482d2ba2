"""``dna-mamba data info``: what a store holds."""

import json
from typing import TYPE_CHECKING, Any

import click

from dna_mamba.cli.console import log, progress

if TYPE_CHECKING:
    from dna_mamba.data.store import GenomeStore, StoredGenome

_COLUMNS = ("genome", "contigs", "bp", "gc", "soft_masked", "n", "weight", "file", "file_sha256")


@click.command()
@click.argument("store", metavar="STORE", type=click.Path())
@click.option("--verify", is_flag=True, help="Read every byte and compare it with the hashes that the store keeps.")
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
def command(store: str, verify: bool, as_json: bool) -> None:
    """Print the genomes of a store: contigs, bp, shares of GC, soft-masked bases and N, weights, and their files.

    Shares are of all bases, that of GC of the bases that are known.
    """
    from dna_mamba.data.store import GenomeStore

    opened = GenomeStore(store)
    if verify:
        with progress("verified", unit="bytes", total=opened.n_bytes) as advance:
            opened.verify(advance)
    rows = [_row(genome) for genome in opened.genomes]
    if as_json:
        click.echo(json.dumps(_facts(opened, rows, verified=verify), indent=1))
        return
    click.echo("\t".join(_COLUMNS))
    for row in rows:
        click.echo("\t".join(_cell(row[column]) for column in _COLUMNS))
    log(f"{store}: {opened.manifest.written_by}, {opened.n_bytes:,} bytes, contents {opened.contents_sha256}")


def _row(genome: "StoredGenome") -> dict[str, Any]:
    """Columns of the table, then what JSON says beyond them."""
    return {
        "genome": genome.name,
        "contigs": genome.contigs,
        "bp": genome.bp,
        "gc": _share(genome.gc_bp, genome.known_bp),
        "soft_masked": _share(genome.soft_masked_bp, genome.bp),
        "n": _share(genome.unknown_bp, genome.bp),
        "weight": genome.weight,
        "file": genome.file,
        "file_sha256": genome.file_sha256,
    } | genome.model_dump(include={"gc_bp", "soft_masked_bp", "unknown_bp", "ambiguous_bp", "uracil_bp"})


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _cell(value: object) -> str:
    if value is None:
        return "."
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _facts(store: "GenomeStore", rows: list[dict[str, Any]], *, verified: bool) -> dict[str, Any]:
    return {
        "store": str(store.path),
        "version": store.manifest.version,
        "written_by": store.manifest.written_by,
        "contents_sha256": store.contents_sha256,
        "verified": verified,
        "bytes": store.n_bytes,
        "contigs": len(store),
        "bp": sum(row["bp"] for row in rows),
        "genomes": rows,
    }
