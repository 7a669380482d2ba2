"""The small convolutional network of Genomic Benchmarks.

Gresova et al. 2023, *Genomic benchmarks: a collection of datasets for genomic sequence classification*, BMC Genomic
Data 24:25: letters embedded in 100 numbers; three convolutions of 16, 8 and 4 filters of width 8, each followed by
batch normalisation, ReLU and the maximum of every two positions; a layer of 512 and the answer. Written anew after the
paper. Here sequences are padded to one length, convolutions keep the length, so that sequences of 20 bp pass too, and
the epoch is the one with the least loss on the validation rows.
"""

import copy
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dna_mamba.alphabet import Codes, bases_of
from dna_mamba.models import HeadConfig
from dna_mamba.models.heads.losses import LossSum, head_loss
from dna_mamba.training.finetune.head import Scaling, head_config_of, scaling_of, targets_of, weights_of
from dna_mamba.training.finetune.problem import Asked, HeldOutAnswer, Problem, RowAnswers, RowNumbers

_FILTERS, _WIDTH, _EMBEDDED, _HIDDEN = (16, 8, 4), 8, 100, 512
_PAD, _N_LETTERS = 5, 6
_LONGEST_BP = 4096
_SHORTEST_BP = 8
_BATCH = 64
_EPOCHS = 10
_LEARNING_RATE = 1e-3


class SmallCNN(nn.Module):
    """Letters, int64 (B, windows, L), to logits (B, n_outputs); several windows are read side by side."""

    def __init__(self, length: int, n_outputs: int, n_windows: int = 1) -> None:
        super().__init__()
        self.embedding = nn.Embedding(_N_LETTERS, _EMBEDDED)
        widths = (_EMBEDDED * n_windows, *_FILTERS)
        self.convolutions = nn.ModuleList(nn.Conv1d(a, b, _WIDTH) for a, b in pairwise(widths))
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for width in _FILTERS)
        length //= 2 ** len(_FILTERS)
        self.dense = nn.Sequential(nn.Linear(length * _FILTERS[-1], _HIDDEN), nn.ReLU(), nn.Linear(_HIDDEN, n_outputs))

    def forward(self, letters_BCL: Tensor) -> Tensor:
        x = F.one_hot(letters_BCL, _N_LETTERS).transpose(2, 3).flatten(1, 2).to(self.embedding.weight.dtype)
        for i, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            assert isinstance(convolution, nn.Conv1d)
            weight = convolution.weight if i else self._weight_of_letters(convolution.weight)
            x = F.conv1d(F.pad(x, ((_WIDTH - 1) // 2, _WIDTH // 2)), weight, convolution.bias)
            x = F.max_pool1d(F.relu(norm(x)), 2)
        logits: Tensor = self.dense(x.flatten(1))
        return logits

    def _weight_of_letters(self, weight_OCT: Tensor) -> Tensor:
        """The first convolution after the embedding as one of letters: the same sums, a sixteenth of the work."""
        by_window = weight_OCT.unflatten(1, (-1, _EMBEDDED))
        return torch.einsum("owet,le->owlt", by_window, self.embedding.weight).flatten(1, 2)


def small_cnn(asked: Asked) -> HeldOutAnswer:
    """Train on the training rows, take the best epoch on the validation rows, answer for the test rows."""
    problem, part = asked.problem, asked.part
    letters = _letters(problem)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(asked.seed)
        model = SmallCNN(letters.shape[2], problem.n_outputs, letters.shape[1])
    optimiser = torch.optim.Adam(model.parameters(), lr=_LEARNING_RATE)
    scaling = scaling_of(problem, part.train)
    lesson = _Lesson(head_config_of(problem, scaling), letters, targets_of(problem), weights_of(problem, part.train))
    best, losses = (np.inf, copy.deepcopy(model)), []
    for epoch in range(_EPOCHS):
        model.train()
        for rows in _batches(part.train, np.random.default_rng((asked.seed, epoch))):
            asked.check()
            optimiser.zero_grad()
            lesson.loss(model, rows).mean.backward()
            optimiser.step()
        losses.append(lesson.mean_loss(model, part.validation))
        if losses[-1] < best[0] or not len(part.validation):
            best = (losses[-1], copy.deepcopy(model))
    log = tuple({"event": "evaluate", "step": i + 1, "loss": loss} for i, loss in enumerate(losses))
    answers = _answers(problem, scaling, best[1], letters, part.test)
    if not len(part.validation):
        return HeldOutAnswer(answers, {"epoch": _EPOCHS})
    return HeldOutAnswer(answers, {"epoch": int(np.argmin(losses)) + 1}, log)


class _Lesson(NamedTuple):
    """Letters of all rows with what they are compared with."""

    head: HeadConfig
    letters: Tensor
    targets: Tensor
    weights: Tensor | None

    def loss(self, model: SmallCNN, rows: RowNumbers) -> LossSum:
        logits = model(self.letters[rows].long())
        return head_loss(self.head, logits, self.targets[rows], class_weights=self.weights)

    @torch.no_grad()
    def mean_loss(self, model: SmallCNN, rows: RowNumbers) -> float:
        """Of some rows, in evaluation mode; 0 without rows."""
        model.eval()
        parts = [self.loss(model, some) for some in _pieces(rows)]
        return float(sum(part.total for part in parts) / sum(part.weight for part in parts)) if parts else 0.0


def _letters(problem: Problem) -> Tensor:
    """uint8 (n, windows, L): the sequence, or the windows with REF and with ALT; the middle of longer ones."""
    data = problem.data
    windows = [data.sequences] if data.alternatives is None else [data.sequences, data.alternatives]
    longest = max(len(codes) for sequences in windows for codes in sequences)
    length = min(max(longest, _SHORTEST_BP), _LONGEST_BP)
    letters = np.full((len(data), len(windows), length), _PAD, dtype=np.uint8)
    for channel, sequences in enumerate(windows):
        for row, codes in enumerate(sequences):
            bases = _middle(bases_of(codes), length)
            letters[row, channel, : len(bases)] = bases
    return torch.from_numpy(letters)


def _middle(codes: Codes, length: int) -> Codes:
    first = max(0, (len(codes) - length) // 2)
    return codes[first : first + length]


def _batches(rows: RowNumbers, generator: np.random.Generator) -> Iterator[RowNumbers]:
    """All rows in a new order; a last batch of one row joins the one before it, for it has no variance."""
    order = generator.permutation(rows)
    n_batches = max(1, round(len(order) / _BATCH))
    yield from np.array_split(order, n_batches)


@torch.no_grad()
def _answers(
    problem: Problem, scaling: Scaling | None, model: SmallCNN, letters: Tensor, rows: RowNumbers
) -> RowAnswers:
    model.eval()
    decisions = torch.cat([model(letters[some].long()).double() for some in _pieces(rows)])
    if scaling is not None:
        return np.asarray(decisions.numpy() * scaling.scales + scaling.means)
    return np.asarray((F.softmax(decisions, 1) if problem.kind == "classes" else torch.sigmoid(decisions)).numpy())



def _pieces(rows: RowNumbers) -> list[RowNumbers]:
    return np.array_split(rows, -(-len(rows) // _BATCH)) if len(rows) else []
