"""What scores ask of a model, and the answers: equal questions are asked once, in batches of like lengths."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from dna_mamba.inference.likelihood import base_log_probabilities, masked_log_probabilities
from dna_mamba.models import MaskedLanguageModel
from dna_mamba.sequences.windows import SiteWindow


class Masked(NamedTuple):
    """ln p of A, C, G, T at an offset of a window where that position is masked; ``codes`` are base codes as bytes."""

    codes: bytes
    offset: int


class Whole(NamedTuple):
    """A window as it is, nothing masked."""

    codes: bytes


Request = Masked | Whole
Some = TypeVar("Some", Masked, Whole)


class WholeAnswer(NamedTuple):
    """ln p of A, C, G, T (L, 4) and hidden states (L, C) of a window, both strands joined; float32."""

    log_p_L4: NDArray[np.float32]
    hidden_LC: NDArray[np.float32]


Answers = Mapping[Request, "NDArray[np.float32] | WholeAnswer"]


def ask(model: MaskedLanguageModel, requests: Iterable[Request], batch_size: int) -> Answers:
    """The answers to all requests, those of one kind ``batch_size`` at a time.

    Raises:
        InputError: the model's predictions are not finite.
    """
    ordered = sorted(set(requests), key=lambda request: (len(request.codes), request))
    answers: dict[Request, NDArray[np.float32] | WholeAnswer] = {}
    for masked in _batches([r for r in ordered if isinstance(r, Masked)], batch_size):
        windows = [SiteWindow(np.frombuffer(r.codes, dtype=np.uint8), r.offset, is_cut=False) for r in masked]
        answers.update(zip(masked, masked_log_probabilities(model, windows), strict=True))
    for whole in _batches([r for r in ordered if isinstance(r, Whole)], batch_size):
        answers.update(zip(whole, _read_whole(model, whole), strict=True))
    return answers


def _batches(requests: list[Some], size: int) -> Iterator[list[Some]]:
    for first in range(0, len(requests), size):
        yield requests[first : first + size]


@torch.inference_mode()
def _read_whole(model: MaskedLanguageModel, requests: list[Whole]) -> list[WholeAnswer]:
    tokens = [model.tokenizer.encode_codes(np.frombuffer(r.codes, dtype=np.uint8)) for r in requests]
    lengths = [len(row) for row in tokens]
    device = model.encoder.embedding.weight.device
    ids_BL = torch.full((len(tokens), max(lengths)), model.tokenizer.pad_id)
    for ids_L, row in zip(ids_BL, tokens, strict=True):
        ids_L[: len(row)] = torch.from_numpy(row)
    lengths_B = None if min(lengths) == max(lengths) else torch.tensor(lengths, device=device)
    output = model.both_strands(ids_BL.to(device), lengths_B)
    log_p_BL4 = base_log_probabilities(model, output.logits).cpu().numpy()
    hidden_BLC = output.hidden.float().cpu().numpy()
    return [WholeAnswer(p[:n], h[:n]) for p, h, n in zip(log_p_BL4, hidden_BLC, lengths, strict=True)]
