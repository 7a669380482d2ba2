"""What scores ask of a model, and the answers: equal questions are asked once, in batches of like lengths."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from dna_mamba.errors import InputError
from dna_mamba.inference.batch import in_batches, pad
from dna_mamba.inference.likelihood import base_log_probabilities, masked_log_probabilities
from dna_mamba.models import MaskedLanguageModel, TaskModel
from dna_mamba.sequences.windows import MaskedSite


class WholeWindow(NamedTuple):
    """A window as it is, nothing masked; base codes as bytes."""

    codes: bytes


class AllelePair(NamedTuple):
    """The window with either allele of a variant, as a head for variants reads them; base codes as bytes.

    ``head`` is the SHA-256 of the model that is asked.
    """

    codes: bytes
    alt_codes: bytes
    head: str


Question = MaskedSite | WholeWindow | AllelePair


class WindowAnswer(NamedTuple):
    """Of a whole window, both strands joined: ln p of A, C, G, T (L, 4) and hidden states (L, C), float32."""

    log_p_L4: NDArray[np.float32]
    hidden_LC: NDArray[np.float32]


class Answers(NamedTuple):
    """Answers by question: ln p of A, C, G, T (4,) at each masked site, and what the model says of whole windows.

    ``pairs`` has what heads say of variants: probabilities or values (K,) float32.
    """

    sites: Mapping[MaskedSite, NDArray[np.float32]]
    windows: Mapping[WholeWindow, WindowAnswer]
    pairs: Mapping[AllelePair, NDArray[np.float32]] = MappingProxyType({})


def ask(
    model: MaskedLanguageModel | None,
    questions: Iterable[Question],
    batch_size: int,
    heads: Mapping[str, TaskModel] | None = None,
) -> Answers:
    """The answers to all questions, those of one kind ``batch_size`` at a time.

    Args:
        model: says what stands at sites and in windows; None where only heads are asked.
        questions: what is asked.
        batch_size: windows in one forward pass.
        heads: models with a head for variants, by ``AllelePair.head``.

    Raises:
        InputError: the model's predictions are not finite.
    """
    ordered = sorted(set(questions), key=lambda question: (type(question).__name__, len(question.codes), question))
    sites, windows = dict[MaskedSite, NDArray[np.float32]](), dict[WholeWindow, WindowAnswer]()
    pairs = dict[AllelePair, NDArray[np.float32]]()
    for name, head in (heads or {}).items():
        for asked in in_batches([q for q in ordered if isinstance(q, AllelePair) and q.head == name], batch_size):
            pairs.update(zip(asked, _read_pairs(head, asked), strict=True))
    if model is None:
        return Answers(sites, windows, pairs)
    for masked in in_batches([q for q in ordered if isinstance(q, MaskedSite)], batch_size):
        sites.update(zip(masked, masked_log_probabilities(model, masked), strict=True))
    for whole in in_batches([q for q in ordered if isinstance(q, WholeWindow)], batch_size):
        windows.update(zip(whole, _read_whole(model, whole), strict=True))
    return Answers(sites, windows, pairs)


@torch.inference_mode()
def _read_whole(model: MaskedLanguageModel, windows: Sequence[WholeWindow]) -> list[WindowAnswer]:
    codes = [np.frombuffer(window.codes, dtype=np.uint8) for window in windows]
    batch = pad([model.tokenizer.encode_codes(codes_L) for codes_L in codes], model)
    output = model.both_strands(batch.ids_BL, batch.lengths_B)
    log_p_BL4 = base_log_probabilities(model, output.logits).cpu().numpy()
    hidden_BLC = output.hidden.float().cpu().numpy()
    lengths = [len(codes_L) for codes_L in codes]
    return [WindowAnswer(p[:n], h[:n]) for p, h, n in zip(log_p_BL4, hidden_BLC, lengths, strict=True)]


@torch.inference_mode()
def _read_pairs(head: TaskModel, pairs: Sequence[AllelePair]) -> NDArray[np.float32]:
    """What a head says of each pair, (B, K)."""
    ref, alt = (
        pad([head.tokenizer.encode_codes(np.frombuffer(codes, dtype=np.uint8)) for codes in side], head)
        for side in ([pair.codes for pair in pairs], [pair.alt_codes for pair in pairs])
    )
    output = head.forward_pair(ref.ids_BL, alt.ids_BL, ref.lengths_B, alt.lengths_B)
    answers_BK: NDArray[np.float32] = head.answers(output.logits).float().cpu().numpy()
    if not np.isfinite(answers_BK).all():
        raise InputError("the head's answers are not finite", remedy="check the model's weights")
    return answers_BK
