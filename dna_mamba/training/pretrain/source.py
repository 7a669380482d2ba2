"""What a recipe trains on: its genomes, split; batches by step; the fingerprint of both."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from dna_mamba.data.batches import MaskedBatches, Stage
from dna_mamba.data.densities import genome_densities
from dna_mamba.data.genomes import Genome, load_genomes, pieces_of
from dna_mamba.data.leaks.report import homology_report
from dna_mamba.data.region_weights import region_places
from dna_mamba.data.sampling import SAMPLING_VERSION, WindowSampler
from dna_mamba.data.splits import Split, split_genome
from dna_mamba.data.store import GenomeStore, is_store
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.training.pretrain.recipe import Recipe
from dna_mamba.training.pretrain.sections import GenomeConfig

_HASHED_BP = 2**22
_WINDOWS_A_TILE = 4
"""Windows of the longest stage in a stretch that has one weight."""


def read_split(recipe: Recipe) -> Split:
    """The genomes a recipe names, and the use of each place of them.

    Raises:
        InputError: a genome cannot be read, or the split is impossible.
    """
    genome = recipe.genome
    split = split_genome(
        _open_genomes(genome),
        validation=genome.validation,
        test=genome.test,
        exclude=genome.exclude,
        margin_bp=recipe.margin_bp,
    )
    return split if genome.homology is None else homology_report(split, genome.homology)


def _open_genomes(genome: GenomeConfig) -> Genome:
    if genome.store is not None:
        return GenomeStore(genome.store)
    for path in genome.fasta:
        if is_store(path):
            raise InputError("is a genome store, not a FASTA file", place=path, remedy="give it as genome.store")
    return load_genomes(genome.fasta)


def training_batches(recipe: Recipe, split: Split, model: MaskedLanguageModel) -> MaskedBatches:
    """What each step of a recipe reads."""
    both_strands = model.config.reverse_complement in ("augment", "post-hoc")
    places, densities = training_places(recipe, split)
    stages = [
        Stage(
            shape.first_step,
            WindowSampler(
                places, shape.window_bp, seed=recipe.seed, both_strands=both_strands, densities=densities
            ),
            shape.windows,
        )
        for shape in recipe.batch.by_first_step()
    ]
    return MaskedBatches(split.genome, stages, model.tokenizer, recipe.masking, seed=recipe.seed)


def training_places(recipe: Recipe, split: Split) -> tuple[Sequence[Interval], list[float] | None]:
    """Where training windows are drawn, and how densely each place is read; None for all alike.

    Raises:
        InputError: as ``training_densities`` and ``dna_mamba.data.region_weights.region_places``.
    """
    genome = recipe.genome
    if not genome.region_weights:
        return split.train, training_densities(recipe, split)
    tile_bp = _WINDOWS_A_TILE * recipe.batch.longest_window_bp
    places, densities = region_places(split.genome, split.train, genome.annotation, genome.region_weights, tile_bp)
    of_genomes = training_densities(recipe, split._replace(train=tuple(places))) or [1.0] * len(places)
    return places, [one * other for one, other in zip(densities, of_genomes, strict=True)]


def training_densities(recipe: Recipe, split: Split) -> list[float] | None:
    """How densely each training place is read, by the recipe's weights or the store's; None for all alike.

    Raises:
        InputError: a weight is given for a genome that is not there, or no genome is left with one.
    """
    stored = {of.name: of.weight for of in split.genome.genomes} if isinstance(split.genome, GenomeStore) else {}
    return genome_densities(split.genome, split.train, stored | recipe.genome.weights, recipe.genome.temperature)


def fingerprint_of(recipe: Recipe, split: Split) -> str:
    """SHA-256 over the recipe and the training sequence: what must agree for a resume to be the same run.

    A store, every byte of which is compared with its hashes, stands for its sequence by these.

    How the work is divided among processes and passes, and what is written beside the log, may change.
    """
    content = recipe.model_dump(mode="json", exclude={"distributed": True, "log": True, "batch": {"micro_windows"}})
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode())
    digest.update(f"sampling {SAMPLING_VERSION}\n".encode())
    for path in recipe.genome.annotation:
        digest.update(Path(path).read_bytes())
    if isinstance(split.genome, GenomeStore):
        split.genome.verify()
        digest.update(f"{split.genome.contents_sha256}\n".encode())
        digest.update("".join(f"{place}\n" for place in split.train).encode("utf-8", errors="surrogateescape"))
        return digest.hexdigest()
    for place, codes in zip(split.train, split.sequences(split.train), strict=True):
        name = place.chrom if len(codes) == len(split.genome[place.chrom]) else str(place)
        digest.update(f"{name}\t{len(codes)}\n".encode())
        for piece in pieces_of(codes, _HASHED_BP):
            digest.update(piece.tobytes())
    return digest.hexdigest()
