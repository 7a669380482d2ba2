"""Alleles of every kind with their windows, and what a model says, worked out strand by strand in float64."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from dna_mamba.alphabet import encode_bases, reverse_complement
from dna_mamba.genome import Variant
from dna_mamba.inference.questions import ask
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.scoring.variants.scores import Score
from dna_mamba.sequences.variant_windows import AlleleWindows
from tests.worlds import CADUCEUS_IDS, CONTEXT_BP, MASK_ID, random_sequence

SEQUENCE = random_sequence(30, seed=1) + "CACACACA" + random_sequence(32, seed=2)
CASES = {
    "substitution": Variant("c", 20, SEQUENCE[19], "ACGT".replace(SEQUENCE[19], "")[1]),
    "several bases": Variant("c", 20, SEQUENCE[19:22], reverse_complement(SEQUENCE[19:22])[::-1]),
    "deletion in a repeat": Variant("c", 33, SEQUENCE[32:35], SEQUENCE[32]),
    "insertion in a repeat": Variant("c", 36, SEQUENCE[35], SEQUENCE[35] + ("CA" if SEQUENCE[35] == "A" else "AC")),
    "insertion": Variant("c", 12, SEQUENCE[11], SEQUENCE[11] + "ACCGT"),
    "complex": Variant("c", 50, SEQUENCE[49:52], "ACCGTTA"),
    "at the contig's end": Variant("c", 3, SEQUENCE[2], "ACGT".replace(SEQUENCE[2], "")[0]),
}
_BASES = [CADUCEUS_IDS[base] for base in "ACGT"]


class Letters(NamedTuple):
    """The window around a change with either allele."""

    left: str
    ref: str
    alt: str
    right: str

    @property
    def pair(self) -> AlleleWindows:
        left, ref, alt, right = (encode_bases(part) for part in self)
        return AlleleWindows(left, ref, alt, right, is_cut=len(left) != len(right))

    @property
    def with_ref(self) -> str:
        return self.left + self.ref + self.right

    @property
    def with_alt(self) -> str:
        return self.left + self.alt + self.right


def letters_of(variant: Variant, context_bp: int = CONTEXT_BP) -> Letters:
    """The window around the widest stretch that any placement of the change touches: found by trying all of them."""
    changed = SEQUENCE[: variant.start] + variant.alt + SEQUENCE[variant.end :]
    prefix = next(i for i in range(len(SEQUENCE)) if SEQUENCE[i] != changed[i])
    suffix = next(i for i in range(len(SEQUENCE)) if SEQUENCE[-1 - i] != changed[-1 - i])
    first = min(prefix, len(SEQUENCE) - suffix, len(changed) - suffix)
    last = max(prefix, len(SEQUENCE) - suffix, prefix + len(SEQUENCE) - len(changed))
    alt = changed[first : last + len(changed) - len(SEQUENCE)]
    flank = (context_bp - max(last - first, len(alt))) // 2
    return Letters(
        SEQUENCE[max(0, first - flank) : first], SEQUENCE[first:last], alt, SEQUENCE[last : last + flank]
    )


class Said(NamedTuple):
    """What a model says of a sequence: hidden states (L, C) and ln p of A, C, G, T (L, 4), float64."""

    hidden: NDArray[np.float64]
    log_p: NDArray[np.float64]


def said_of(model: MaskedLanguageModel, letters: str, masked: int | None = None) -> Said:
    """Both strands, each read on its own and then joined as the model's mode says."""
    ids = [CADUCEUS_IDS[base] for base in letters]
    other = [CADUCEUS_IDS[base] for base in reverse_complement(letters)]
    if masked is not None:
        ids[masked] = other[len(ids) - 1 - masked] = MASK_ID
    (hidden, logits), (other_hidden, other_logits) = _one_strand(model, ids), _one_strand(model, other)
    if model.config.reverse_complement == "shared":
        hidden = np.concatenate([hidden, other_hidden[::-1, ::-1]], axis=1)
        logits = logits + other_logits[::-1, ::-1]
    else:
        hidden, logits = (hidden + other_hidden[::-1]) / 2, (logits + other_logits[::-1, ::-1]) / 2
    return Said(hidden, logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)))


def _one_strand(model: MaskedLanguageModel, ids: list[int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Hidden states, and logits of A, C, G, T."""
    with torch.no_grad():
        hidden = model.encoder(torch.tensor([ids]))[0].double()
        weights = model.encoder.embedding.weight.double()
    return hidden.numpy(), (hidden @ weights.T)[:, _BASES].numpy()


def values_of(score: Score, model: MaskedLanguageModel, letters: Letters) -> tuple[float | None, ...]:
    """What a score makes of the model's answers."""
    return score.values(letters.pair, ask(model, score.questions(letters.pair), 4))
