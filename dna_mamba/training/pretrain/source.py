"""What a recipe trains on: its genomes, split; batches by step; the fingerprint of both."""

import hashlib
import json

from dna_mamba.data.batches import MaskedBatches, Stage
from dna_mamba.data.genomes import load_genomes, pieces_of
from dna_mamba.data.sampling import WindowSampler
from dna_mamba.data.splits import Split, split_genome
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.training.pretrain.recipe import Recipe

_HASHED_BP = 2**22


def read_split(recipe: Recipe) -> Split:
    """The genomes a recipe names, and the use of each place of them.

    Raises:
        InputError: a genome cannot be read, or the split is impossible.
    """
    genome = recipe.genome
    return split_genome(
        load_genomes(genome.fasta),
        validation=genome.validation,
        test=genome.test,
        exclude=genome.exclude,
        margin_bp=recipe.margin_bp,
    )


def training_batches(recipe: Recipe, split: Split, model: MaskedLanguageModel) -> MaskedBatches:
    """What each step of a recipe reads."""
    both_strands = model.config.reverse_complement in ("augment", "post-hoc")
    stages = [
        Stage(
            shape.first_step,
            WindowSampler(split.train, shape.window_bp, seed=recipe.seed, both_strands=both_strands),
            shape.windows,
        )
        for shape in recipe.batch.by_first_step()
    ]
    return MaskedBatches(split.genome, stages, model.tokenizer, recipe.masking, seed=recipe.seed)


def fingerprint_of(recipe: Recipe, split: Split) -> str:
    """SHA-256 over the recipe and the training sequence: what must agree for a resume to be the same run.

    How the work is divided among processes and passes may change.
    """
    content = recipe.model_dump(mode="json", exclude={"distributed": True, "batch": {"micro_windows"}})
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode())
    for place, codes in zip(split.train, split.sequences(split.train), strict=True):
        name = place.chrom if len(codes) == len(split.genome[place.chrom]) else str(place)
        digest.update(f"{name}\t{len(codes)}\n".encode())
        for piece in pieces_of(codes, _HASHED_BP):
            digest.update(piece.tobytes())
    return digest.hexdigest()
