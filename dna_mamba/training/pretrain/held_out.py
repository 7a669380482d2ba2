"""The held-out parts of a run, genome by genome: measured by the model and by counting words, written to its log."""

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dna_mamba.alphabet import N_CODE, bases_of
from dna_mamba.data.genomes import ContigCodes, genome_of, pieces_of
from dna_mamba.data.held_out import HeldOutPlan, held_out_rows, plans_by_group
from dna_mamba.data.markov import BaselineLoss, MarkovBaselines, best, pooled
from dna_mamba.data.splits import Split
from dna_mamba.errors import InputError, NonFiniteLossError
from dna_mamba.genome import Interval
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.tokenizers import Tokenizer
from dna_mamba.training.distributed.world import ALONE, World
from dna_mamba.training.loop.log import RunLog
from dna_mamba.training.loop.watcher import Report
from dna_mamba.training.pretrain.loss import HeldOutLoss, held_out_loss
from dna_mamba.training.pretrain.recipe import Recipe

_COUNTED_BP = 2**20
_NAMED = 8
"""Losses of so many genomes fit a line."""


class HeldOutPart(NamedTuple):
    """Sequence that is not trained on, base codes uint8 (L,) each, and how it is asked about.

    ``use`` is ``validation`` or ``test``; ``genomes`` holds the sequences of each genome by its name.
    """

    use: str
    genomes: Mapping[str, Sequence[ContigCodes]]
    plan: HeldOutPlan

    def n_bases(self, genome: str) -> int:
        """Known bases that are held out of a genome."""
        pieces = (piece for codes in self.genomes[genome] for piece in pieces_of(codes, _COUNTED_BP))
        return sum(int(np.count_nonzero(bases_of(piece) < N_CODE)) for piece in pieces)


def held_out_parts(recipe: Recipe, split: Split) -> dict[str, HeldOutPart]:
    """Those parts that the recipe names, by use."""
    parts = (
        HeldOutPart("validation", _by_genome(split, split.validation), recipe.validation),
        HeldOutPart("test", _by_genome(split, split.test), recipe.test),
    )
    return {part.use: part for part in parts if part.genomes}


def _by_genome(split: Split, places: Iterable[Interval]) -> dict[str, list[ContigCodes]]:
    found: dict[str, list[Interval]] = {}
    for place in places:
        found.setdefault(genome_of(split.genome, place.chrom), []).append(place)
    return {name: split.sequences(of_genome) for name, of_genome in found.items()}


def check_part(part: HeldOutPart, tokenizer: Tokenizer) -> None:
    """Refuse, before hours of training, a part that would have nothing to say at their end.

    Raises:
        InputError: nothing of it would be asked for, or contexts are to be compared without tokens of single bases.
    """
    if part.plan.contexts and tokenizer.base_ids is None:
        raise InputError(
            f"tokenizer {tokenizer.kind!r} has no token for a single base to mask",
            place=f"{part.use}.contexts",
            remedy="leave the contexts out, or use the nucleotide tokenizer",
        )
    plans = plans_by_group(part.genomes, part.plan)
    if not any(next(held_out_rows(part.genomes[name], plan, tokenizer), None) for name, plan in plans.items()):
        n_bp = sum(len(codes) for sequences in part.genomes.values() for codes in sequences)
        raise InputError(
            f"holds no base to predict among its {n_bp:,} bp",
            place=f"genome.{part.use}",
            remedy=f"hold out sequence with A, C, G and T, or ask for more of it (keys of {part.use})",
        )


def log_baselines(part: HeldOutPart, train: Sequence[ContigCodes], step: int, log: RunLog, report: Report) -> None:
    """Markov losses on one part and on each of its genomes, written to the log; the best of each kind is reported.

    Left out are those whose context is longer than any sequence of the part.
    """
    counted = MarkovBaselines(train)
    by_genome = {name: counted.losses(sequences) for name, sequences in part.genomes.items()}
    baselines = [baseline for baseline in pooled(by_genome.values()) if baseline.n_bases]
    if not baselines:
        report(f"{part.use}: no base has the context that Markov baselines need")
        return
    log.write(
        "baselines",
        step,
        split=part.use,
        bits_per_base=_bits(baselines),
        by_genome={name: bits for name, losses in by_genome.items() if (bits := _bits(losses))},
    )
    kinds = dict.fromkeys(baseline.kind for baseline in baselines)
    marks = [best(baselines, kind) for kind in kinds]
    report(f"{part.use}: " + ", ".join(f"{mark.name} {mark.bits_per_base:.4f} bits per base" for mark in marks))


def _bits(losses: Iterable[BaselineLoss]) -> dict[str, float]:
    return {loss.name: loss.bits_per_base for loss in losses if loss.n_bases}


def evaluate(
    part: HeldOutPart,
    model: MaskedLanguageModel,
    step: int,
    log: RunLog,
    report: Report,
    *,
    world: World = ALONE,
) -> HeldOutLoss:
    """The model's loss on one part and on each of its genomes, written to the log and reported.

    Genomes count in the loss of the part by their held-out bases, as they do in that of the baselines, however many of
    these are asked about. All processes of ``world`` share the work.

    Raises:
        NonFiniteLossError: it is NaN or infinite.
    """
    started = time.perf_counter()
    losses = {
        name: held_out_loss(model, held_out_rows(part.genomes[name], plan, model.tokenizer), world=world)
        for name, plan in plans_by_group(part.genomes, part.plan).items()
    }
    asked = {name: loss for name, loss in losses.items() if loss.n_tokens}
    loss = _together(asked, {name: part.n_bases(name) for name in asked} if len(asked) > 1 else {})
    if not math.isfinite(loss.loss_nats):
        raise NonFiniteLossError(
            f"{part.use} loss {loss.loss_nats} after step {step:,}",
            place=f"genome.{part.use}",
            remedy="lower optimiser.learning_rate",
        )
    log.write(
        "evaluate",
        step,
        split=part.use,
        **_figures(loss),
        by_genome={name: _figures(of_genome) for name, of_genome in asked.items()},
        seconds=round(time.perf_counter() - started, 4),
    )
    figures = f"{loss.loss_nats:.4f} nats, {loss.bits_per_base:.4f} bits per base ({loss.n_bases:,} bases)"
    report(f"step {step:,}: {part.use} {figures}")
    if 1 < len(asked) <= _NAMED:
        report("; ".join(f"{name} {of_genome.bits_per_base:.4f}" for name, of_genome in asked.items()))
    return loss


def _figures(loss: HeldOutLoss) -> dict[str, Any]:
    return {"loss_nats": loss.loss_nats, "bits_per_base": loss.bits_per_base, "n_bases": loss.n_bases}


def _together(losses: Mapping[str, HeldOutLoss], n_bases: Mapping[str, int]) -> HeldOutLoss:
    """The loss over all genomes, estimated from samples of each: the mean, weighted by how many bases each one has."""
    if len(losses) < 2:
        return next(iter(losses.values()), HeldOutLoss(math.nan, 0, 0))
    nats = sum(n_bases[name] * loss.loss_nats for name, loss in losses.items()) / sum(n_bases.values())
    return HeldOutLoss(nats, sum(x.n_tokens for x in losses.values()), sum(x.n_bases for x in losses.values()))
