"""Which part of labelled genomes is trained on and which is held out, and the windows of each step."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from dna_mamba.annotation.labels import IGNORED
from dna_mamba.data.labelled.annotation import LabelledContig
from dna_mamba.errors import InputError
from dna_mamba.tokenizers import Tokenizer

HELD_OUT_SHARE = 0.1
MARGIN_BP = 1000
EPOCH_BP = 2_000_000
"""Bases of an epoch: genomes differ too much in size for one epoch to be all of them."""


class LabelledStretch(NamedTuple):
    """A part of a contig, ``[start, end)``."""

    contig: LabelledContig
    start: int
    end: int

    def __str__(self) -> str:
        return f"{self.contig.chrom}:{self.start + 1}-{self.end}"


class BaseWindows(NamedTuple):
    """A micro-batch: token ids and labels, int64 (B, W) each, and the seed of what training leaves to chance."""

    ids_BL: Tensor
    labels_BL: Tensor
    seed: int = 0


def divide(contigs: Sequence[LabelledContig], window_bp: int) -> tuple[list[LabelledStretch], list[LabelledStretch]]:
    """What is trained on, and what is held out: the last tenth of each contig, which must be twenty windows long.

    A thousand bases between the two belong to neither; of shorter contigs nothing is held out, and those below a
    window are not trained on.

    Raises:
        InputError: no contig is long enough for either.
    """
    train, held = [], []
    for contig in contigs:
        length = len(contig.codes)
        first_held = length - int(length * HELD_OUT_SHARE)
        is_divided = length >= 20 * window_bp
        end = first_held - MARGIN_BP if is_divided else length
        if end >= window_bp:
            train.append(LabelledStretch(contig, 0, end))
        if is_divided:
            held.append(LabelledStretch(contig, first_held, length))
    if not held or not train:
        longest = max(len(contig.codes) for contig in contigs)
        what = f"the longest contig has {longest:,} bp, and the last tenth of one of {20 * window_bp:,} is held out"
        raise InputError(what, place="--genome", remedy="give longer contigs, or a smaller --window")
    return train, held


@dataclass(frozen=True)
class WindowBatches:
    """Windows drawn anew for each step, contigs by their length: a function of seed and step alone."""

    stretches: Sequence[LabelledStretch]
    tokenizer: Tokenizer
    window_bp: int
    windows: int
    seed: int

    def __getitem__(self, step: int) -> list[BaseWindows]:
        chance = int(np.random.default_rng((self.seed, step, 1)).integers(2**31))
        return [stack_windows(self.places(step), self.tokenizer)._replace(seed=chance)]

    def places(self, step: int) -> list[LabelledStretch]:
        """The windows of a step."""
        random = np.random.default_rng((self.seed, step))
        room = np.array([item.end - item.start - self.window_bp + 1 for item in self.stretches], dtype=np.float64)
        chosen = random.choice(len(room), size=self.windows, p=room / room.sum())
        offsets = (random.random(self.windows) * room[chosen]).astype(np.int64)
        starts = [self.stretches[index].start + int(offset) for index, offset in zip(chosen, offsets, strict=True)]
        return [
            LabelledStretch(self.stretches[index].contig, start, start + self.window_bp)
            for index, start in zip(chosen, starts, strict=True)
        ]


def stack_windows(places: Sequence[LabelledStretch], tokenizer: Tokenizer) -> BaseWindows:
    """Windows of one length as a batch."""
    ids = [tokenizer.encode_codes(item.contig.codes[item.start : item.end]) for item in places]
    labels = [item.contig.labels[item.start : item.end].astype(np.int64) for item in places]
    return BaseWindows(torch.from_numpy(np.stack(ids).astype(np.int64)), torch.from_numpy(np.stack(labels)))


def cut(stretches: Sequence[LabelledStretch], window_bp: int, most: int) -> list[LabelledStretch]:
    """At most so many windows without gaps between them, spread evenly over the stretches, with something labelled."""
    every = [
        LabelledStretch(item.contig, start, start + window_bp)
        for item in stretches
        for start in range(item.start, item.end - window_bp + 1, window_bp)
    ]
    spread = every[:: max(1, -(-len(every) // most))]
    return [item for item in spread if (item.contig.labels[item.start : item.end] != IGNORED).any()]
