"""``dna-mamba data pack``: genomes into a store (docs/data.md)."""

import click

from dna_mamba.cli.console import log, progress
from dna_mamba.cli.options import force_option


@click.command()
@click.argument("genomes", metavar="FILE|FOLDER|LIST...", nargs=-1, required=True, type=click.Path())
@click.option("-o", "--output", metavar="STORE", required=True, type=click.Path(), help="Directory to write.")
@force_option
def command(genomes: tuple[str, ...], output: str, force: bool) -> None:
    """Pack FASTA, 2bit and GenBank files into a store, from which training reads windows without holding a genome.

    A folder stands for the sequence files in it. A list is a .tsv, .txt or .list file: a path a line, then optionally,
    after tabs, the genome's name and its weight. Without a list a genome is called by its file, without the suffixes.
    Every letter is kept, case and IUPAC codes included.
    """
    from dna_mamba.data.store import check_store_target, find_sources, pack_genomes

    check_store_target(output, force=force)
    sources = find_sources(genomes)
    with progress("packed", unit="bp") as advance:
        manifest = pack_genomes(sources, output, force=force, advance=advance)
    n_contigs = sum(genome.contigs for genome in manifest.genomes)
    log(f"{output}: {len(manifest.genomes):,} genomes, {n_contigs:,} contigs")
