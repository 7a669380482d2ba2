"""What scores ask of a model, and the answers: equal questions are asked once, in batches of like lengths."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from dna_mamba.inference.batch import in_batches, pad
from dna_mamba.inference.likelihood import base_log_probabilities, masked_log_probabilities
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.sequences.windows import MaskedSite


class WholeWindow(NamedTuple):
    """A window as it is, nothing masked; base codes as bytes."""

    codes: bytes


Question = MaskedSite | WholeWindow


class WindowAnswer(NamedTuple):
    """Of a whole window, both strands joined: ln p of A, C, G, T (L, 4) and hidden states (L, C), float32."""

    log_p_L4: NDArray[np.float32]
    hidden_LC: NDArray[np.float32]


class Answers(NamedTuple):
    """Answers by question: ln p of A, C, G, T (4,) at each masked site, and what the model says of whole windows."""

    sites: Mapping[MaskedSite, NDArray[np.float32]]
    windows: Mapping[WholeWindow, WindowAnswer]


def ask(model: MaskedLanguageModel, questions: Iterable[Question], batch_size: int) -> Answers:
    """The answers to all questions, those of one kind ``batch_size`` at a time.

    Raises:
        InputError: the model's predictions are not finite.
    """
    ordered = sorted(set(questions), key=lambda question: (len(question.codes), question))
    sites, windows = dict[MaskedSite, NDArray[np.float32]](), dict[WholeWindow, WindowAnswer]()
    for masked in in_batches([q for q in ordered if isinstance(q, MaskedSite)], batch_size):
        sites.update(zip(masked, masked_log_probabilities(model, masked), strict=True))
    for whole in in_batches([q for q in ordered if isinstance(q, WholeWindow)], batch_size):
        windows.update(zip(whole, _read_whole(model, whole), strict=True))
    return Answers(sites, windows)


@torch.inference_mode()
def _read_whole(model: MaskedLanguageModel, windows: Sequence[WholeWindow]) -> list[WindowAnswer]:
    codes = [np.frombuffer(window.codes, dtype=np.uint8) for window in windows]
    batch = pad([model.tokenizer.encode_codes(codes_L) for codes_L in codes], model)
    output = model.both_strands(batch.ids_BL, batch.lengths_B)
    log_p_BL4 = base_log_probabilities(model, output.logits).cpu().numpy()
    hidden_BLC = output.hidden.float().cpu().numpy()
    lengths = [len(codes_L) for codes_L in codes]
    return [WindowAnswer(p[:n], h[:n]) for p, h, n in zip(log_p_BL4, hidden_BLC, lengths, strict=True)]
