"""The held-out parts of a run: measured by the model and by counting words, and written to its log."""

import math
import time
from collections.abc import Sequence
from typing import NamedTuple

from dna_mamba.data.genomes import ContigCodes
from dna_mamba.data.held_out import HeldOutPlan, held_out_rows
from dna_mamba.data.markov import best, markov_baselines
from dna_mamba.data.splits import Split
from dna_mamba.errors import InputError, NonFiniteLossError
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.tokenizers import Tokenizer
from dna_mamba.training.distributed.world import ALONE, World
from dna_mamba.training.loop.log import RunLog
from dna_mamba.training.loop.watcher import Report
from dna_mamba.training.pretrain.loss import HeldOutLoss, held_out_loss
from dna_mamba.training.pretrain.recipe import Recipe


class HeldOutPart(NamedTuple):
    """Sequence that is not trained on, base codes uint8 (L,) each, and how it is asked about.

    ``use`` is ``validation`` or ``test``.
    """

    use: str
    sequences: Sequence[ContigCodes]
    plan: HeldOutPlan


def held_out_parts(recipe: Recipe, split: Split) -> dict[str, HeldOutPart]:
    """Those parts that the recipe names, by use."""
    parts = (
        HeldOutPart("validation", split.sequences(split.validation), recipe.validation),
        HeldOutPart("test", split.sequences(split.test), recipe.test),
    )
    return {part.use: part for part in parts if part.sequences}


def check_part(part: HeldOutPart, tokenizer: Tokenizer) -> None:
    """Refuse, before hours of training, a part that would have nothing to say at their end.

    Raises:
        InputError: nothing of it would be asked for.
    """
    if next(held_out_rows(part.sequences, part.plan, tokenizer), None) is None:
        n_bp = sum(map(len, part.sequences))
        raise InputError(
            f"holds no base to predict among its {n_bp:,} bp",
            place=f"genome.{part.use}",
            remedy=f"hold out sequence with A, C, G and T, or ask for more of it (keys of {part.use})",
        )


def log_baselines(part: HeldOutPart, train: Sequence[ContigCodes], step: int, log: RunLog, report: Report) -> None:
    """Markov losses on one part, written to the log and, the best of each kind, reported.

    Left out are those whose context is longer than any sequence of the part.
    """
    baselines = [baseline for baseline in markov_baselines(train, part.sequences) if baseline.n_bases]
    if not baselines:
        report(f"{part.use}: no base has the context that Markov baselines need")
        return
    log.write("baselines", step, split=part.use, bits_per_base={b.name: b.bits_per_base for b in baselines})
    kinds = dict.fromkeys(baseline.kind for baseline in baselines)
    marks = [best(baselines, kind) for kind in kinds]
    report(f"{part.use}: " + ", ".join(f"{mark.name} {mark.bits_per_base:.4f} bits per base" for mark in marks))


def evaluate(
    part: HeldOutPart,
    model: MaskedLanguageModel,
    step: int,
    log: RunLog,
    report: Report,
    *,
    world: World = ALONE,
) -> HeldOutLoss:
    """The model's loss on one part, written to the log and reported; all processes of ``world`` share the work.

    Raises:
        NonFiniteLossError: it is NaN or infinite.
    """
    started = time.perf_counter()
    loss = held_out_loss(model, held_out_rows(part.sequences, part.plan, model.tokenizer), world=world)
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
        loss_nats=loss.loss_nats,
        bits_per_base=loss.bits_per_base,
        n_bases=loss.n_bases,
        seconds=round(time.perf_counter() - started, 4),
    )
    figures = f"{loss.loss_nats:.4f} nats, {loss.bits_per_base:.4f} bits per base ({loss.n_bases:,} bases)"
    report(f"step {step:,}: {part.use} {figures}")
    return loss
