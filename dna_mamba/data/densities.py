"""How densely each genome is read where several are trained on: by weights, and by a temperature over their sizes."""

from collections import Counter
from collections.abc import Iterable, Mapping

from dna_mamba.data.genomes import Genome, genome_of
from dna_mamba.errors import InputError
from dna_mamba.genome import Interval

_EXAMPLES = 5


def genome_densities(
    genome: Genome, places: Iterable[Interval], weights: Mapping[str, float], temperature: float
) -> list[float] | None:
    """Density of each place for ``WindowSampler``; None where all bases are read alike.

    A genome is drawn with probability p ~ weight * size ** temperature, its size in bp of the places: at 1 by size, at
    0 all alike (Conneau & Lample 2019, "Cross-lingual language model pretraining", section 3.1, sample languages so).

    Args:
        genome: the contigs of the places.
        places: what is trained on.
        weights: by name of a genome; 1 where it has none.
        temperature: 0 or more.

    Raises:
        InputError: a weight is given for a genome that is not there, or no genome of the places has one above 0.
    """
    places = list(places)
    names = [genome_of(genome, place.chrom) for place in places]
    _check_names(weights, {genome_of(genome, chrom): None for chrom in genome})
    sizes: Counter[str] = Counter()
    for name, place in zip(names, places, strict=True):
        sizes[name] += len(place)
    total = sum(sizes.values())
    density = {
        name: weights.get(name, 1.0) * (size / total) ** (temperature - 1) for name, size in sizes.items() if size
    }
    if density and not any(density.values()):
        raise InputError("no genome that is trained on has a weight above 0", place="genome.weights")
    if len(set(density.values())) <= 1:
        return None
    return [density.get(name, 0.0) for name in names]


def _check_names(weights: Mapping[str, float], known: Mapping[str, None]) -> None:
    for name in weights:
        if name not in known:
            shown = ", ".join(list(known)[:_EXAMPLES]) + (", ..." if len(known) > _EXAMPLES else "")
            raise InputError(f"no genome {name!r}", place="genome.weights", remedy=f"genomes are {shown}")
