"""``dna-mamba tracks``: one number a base along contigs, as bigWig or bedGraph."""

import hashlib
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dna_mamba import __version__
from dna_mamba.cli.console import log, print_estimate, progress
from dna_mamba.cli.options import model_option, resolve_device, run_options, setup_torch
from dna_mamba.cli.regions import read_regions, region_options

if TYPE_CHECKING:
    from dna_mamba.genome import Interval
    from dna_mamba.io.fasta import FastaReader
    from dna_mamba.scoring.tracks.job import Output, TrackRun
    from dna_mamba.scoring.tracks.predict import Track

_SUFFIXES = (".gz", ".bedgraph", ".bg", ".bw", ".bigwig")


@click.command()
@click.argument("reference", type=click.Path(), metavar="REF.fa")
@model_option
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="OUT",
    type=click.Path(),
    help="Output: .bw, .bedgraph or .bedgraph.gz; - writes bedGraph to standard output. Several tracks become "
    "several files, with the track before the suffix.",
)
@click.option(
    "--track",
    "names",
    multiple=True,
    default=("ref-llr",),
    show_default=True,
    metavar="TRACK",
    help="ref-llr, entropy, probability:A (or C, G, T) or embedding:K (channel K, from 0); may be repeated.",
)
@region_options()
@click.option(
    "--window",
    type=click.IntRange(min=0),
    default=8192,
    show_default=True,
    help="Window the model reads, in bp; 0 reads whole contigs.",
)
@click.option(
    "--overlap",
    type=click.IntRange(min=0),
    default=1024,
    show_default=True,
    help="How far neighbouring windows overlap, in bp; each keeps what is nearer to its middle.",
)
@click.option(
    "--mask-every",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="K",
    help="Mask every K-th base, in K passes, and take each where the model does not see it; 0 masks none.",
)
@click.option("--resume", is_flag=True, help="Go on with an unfinished run of the same command.")
@run_options("Windows")
def command(
    reference: str,
    model: str,
    output: str,
    names: tuple[str, ...],
    regions: tuple[str, ...],
    regions_bed: str | None,
    window: int,
    overlap: int,
    mask_every: int,
    resume: bool,
    batch_size: int | None,
    device: str,
    threads: int,
    dry_run: bool,
    force: bool,
    no_version: bool,
) -> None:
    """Write what a model says of every base of REF.fa, both strands joined.

    ref-llr is ln p(ref) minus the mean ln p of the three other bases, in nats: above zero the reference is expected.
    entropy is that of the prediction, in nats. Bases that are N have no value. OUT appears when it is whole; until
    then .OUT.progress beside it holds what is done, and --resume goes on with it.
    """
    from dna_mamba.checkpoints import weights_sha256
    from dna_mamba.io.fasta import FastaReader
    from dna_mamba.runs.progress import progress_directory
    from dna_mamba.runs.provenance import run_lines
    from dna_mamba.scoring import as_model
    from dna_mamba.scoring.tracks.job import TrackRun, check_outputs, missing_bp, write_tracks
    from dna_mamba.scoring.tracks.predict import Reading, parse_track

    setup_torch(threads)
    network = as_model(model, resolve_device(device))
    outputs = _outputs(output, [parse_track(name, network) for name in dict.fromkeys(names)])
    with FastaReader(reference) as genome:
        check_outputs(outputs, genome)
        chosen = read_regions(regions, regions_bed, genome)
        run = TrackRun(genome, network, Reading(window, overlap, batch_size, mask_every), _by_contig(chosen, genome))
        run.check()
        if dry_run:
            _estimate(run)
            return
        fingerprints = {"weights_sha256": weights_sha256(model), "reference_sha256": genome.fingerprint}
        command_line = shlex.join(["dna-mamba", *(word for word in sys.argv[1:] if word != "--resume")])
        header = [] if no_version else run_lines("tracks", __version__, command_line, fingerprints)
        places = " ".join(str(region) for region in chosen)
        digest = hashlib.sha256(places.encode()).hexdigest()
        plan = {**fingerprints, "version": __version__, "regions": digest, "device": resolve_device(device).type}
        parts = None if output == "-" else progress_directory(output)
        total = missing_bp(run, parts if resume else None, len(outputs))
        with progress("read", unit="bp", total=total) as advance:
            write_tracks(outputs, run, parts, plan=plan, header=header, resume=resume, force=force, advance=advance)
    for written in outputs:
        log(f"{written.track.name}: {written.path}")


def _outputs(path: str, tracks: "Sequence[Track]") -> "list[Output]":
    """A file for each track: the one named, or that name with the track before its suffixes."""
    from dna_mamba.scoring.tracks.job import Output

    if len(tracks) == 1 or path == "-":
        return [Output(track, path) for track in tracks]
    stem, suffix = path, ""
    while Path(stem).suffix.lower() in _SUFFIXES:
        suffix = Path(stem).suffix + suffix
        stem = stem.removesuffix(Path(stem).suffix)
    return [Output(track, f"{stem}.{track.label}{suffix}") for track in tracks]


def _by_contig(regions: "Sequence[Interval]", genome: "FastaReader") -> "dict[str, list[Interval]]":
    """Regions by contig; all of every contig if there are none."""
    from dna_mamba.genome import Interval

    by_contig: dict[str, list[Interval]] = {}
    for region in regions or [Interval(chrom, 0, length) for chrom, length in genome.contigs]:
        by_contig.setdefault(region.chrom, []).append(region)
    return by_contig


def _estimate(run: "TrackRun") -> None:
    from dna_mamba.inference.estimate import estimate_scoring

    units = list(run.units())
    longest = max(tile.end - tile.start for unit in units for tile in unit.tiles)
    positions = sum(unit.n_read for unit in units) * max(1, run.reading.mask_every)
    click.echo(f"bases\t{sum(unit.length for unit in units)}")
    one = estimate_scoring(1, longest, run.reading.batch_size, run.model)
    print_estimate(one._replace(positions=positions, seconds=one.seconds * positions / longest))
