"""Bits a base by kind of sequence: a seeded sample of each, the model beside Markov baselines on the same bases."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dna_mamba.evaluation.knowledge.asking import SPACING_BP
from dna_mamba.evaluation.knowledge.intervals import Measured, mean_of
from dna_mamba.evaluation.knowledge.kinds import EVERYTHING, KINDS, REPEAT, PaintedContig
from dna_mamba.evaluation.knowledge.sites import Answered, Chart, Sites
from dna_mamba.genome import Interval

MODEL = "model"
_BLOCK_BP = 8 * SPACING_BP
"""Bases of one block in every sixteenth are asked together."""


class KindSample(NamedTuple):
    """Sites of one kind, and how many bases of it are held out."""

    kind: str
    n_bases: int
    sites: Sites


class KindBits(NamedTuple):
    """Bits a base of one kind: the model, the baselines by name, and by how much it is ahead of the better of them."""

    kind: str
    n_bases: int
    n_sites: int
    model: Measured
    baselines: dict[str, Measured]
    ahead: Measured


class _Block(NamedTuple):
    """A stretch of a held-out place, and the phase at which it is asked first."""

    chrom: str
    start: int
    end: int
    phase: int


def sample_kinds(
    painted: Mapping[str, PaintedContig], held_out: Sequence[Interval], chart: Chart, n_sites: int, seed: int
) -> list[KindSample]:
    """About ``n_sites`` of each kind that is held out, every base of a kind as likely as another.

    Blocks that hold a kind are taken in random order, every sixteenth base of them, then again at another phase.
    """
    blocks = _blocks(held_out, seed)
    samples = []
    for kind in (EVERYTHING, *KINDS, REPEAT):
        masks = {chrom: contig.mask(kind) for chrom, contig in painted.items()}
        n_bases = sum(int(masks[place.chrom][place.start : place.end].sum()) for place in held_out)
        if n_bases:
            samples.append(KindSample(kind, n_bases, _sample(masks, blocks, chart, n_sites)))
    return samples


def _blocks(held_out: Sequence[Interval], seed: int) -> list[_Block]:
    """All blocks in random order, each with a random first phase."""
    generator = np.random.default_rng(seed)
    every = [
        _Block(place.chrom, start, min(place.end, start + _BLOCK_BP), 0)
        for place in held_out
        for start in range(place.start, place.end, _BLOCK_BP)
    ]
    phases = generator.integers(SPACING_BP, size=len(every))
    return [every[i]._replace(phase=int(phases[i])) for i in generator.permutation(len(every))]


def _sample(masks: Mapping[str, NDArray[np.bool_]], blocks: Sequence[_Block], chart: Chart, n_sites: int) -> Sites:
    offsets = {chrom: chart.offset(chrom) for chrom in masks}
    holding = [block for block in blocks if masks[block.chrom][block.start : block.end].any()]
    taken: list[Sites] = []
    n_taken = 0
    for block, phase in _turns(holding):
        (found,) = np.nonzero(masks[block.chrom][block.start + phase : block.end : SPACING_BP])
        taken.append(found * SPACING_BP + block.start + phase + offsets[block.chrom])
        n_taken += len(found)
        if n_taken >= n_sites:
            break
    return np.sort(np.concatenate(taken))


def _turns(blocks: Sequence[_Block]) -> Iterator[tuple[_Block, int]]:
    for turn in range(SPACING_BP):
        for block in blocks:
            yield block, (block.phase + turn) % SPACING_BP


def bits_by_kind(
    samples: Sequence[KindSample],
    answered: Answered,
    baselines: Sequence[str],
    *,
    block_bp: int,
    n_resamples: int,
    seed: int,
) -> list[KindBits]:
    """The mean surprise over each sample, with intervals over blocks of ``block_bp`` of the genome."""
    return [_bits(sample, answered, baselines, block_bp, n_resamples, seed) for sample in samples]


def _bits(
    sample: KindSample, answered: Answered, baselines: Sequence[str], block_bp: int, n_resamples: int, seed: int
) -> KindBits:
    block = sample.sites // block_bp

    def mean(values: NDArray[np.float64]) -> Measured:
        return mean_of(values, block, n_resamples=n_resamples, seed=seed)

    of_model = answered.bits(MODEL, sample.sites)
    of_baselines = {name: answered.bits(name, sample.sites) for name in baselines}
    best = min(of_baselines.values(), key=lambda bits: float(bits.mean()))
    return KindBits(
        sample.kind,
        sample.n_bases,
        len(sample.sites),
        mean(of_model),
        {name: mean(bits) for name, bits in of_baselines.items()},
        mean(best - of_model),
    )
