"""The number that is explained: of a head, one for each sequence; of a variant, its log-likelihood ratio or its head's.

Each is a function of tokens, which are ids or soft tokens, so that it can be differentiated and asked about mutants.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from dna_mamba.explain.soft import base_columns, one_hot, with_token
from dna_mamba.models import MaskedLanguageModel, TaskModel


class Explained(Protocol):
    """What is explained."""

    def __call__(self, tokens: Tensor, lengths_B: Tensor | None, outputs_B: Tensor) -> Tensor:
        """A number for each sequence, (B,).

        Args:
            tokens: int64 (B, L), or soft (B, L, V).
            lengths_B: marks right padding; None where there is none.
            outputs_B: which output of the model is asked about, int64 (B,).
        """
        ...


def scores_of_logits(model: TaskModel, logits_BK: Tensor) -> Tensor:
    """Numbers (B, K) without a ceiling, which are explained in place of answers.

    Of classes the log odds ln p - ln (1 - p), which do not change if the same is added to all logits; of labels the
    logit, which is that too; values as they are, in units of the data.
    """
    kind = model.head_config.kind
    if kind == "labels":
        return logits_BK
    if kind != "classes":
        return model.answers(logits_BK)
    n_classes = logits_BK.shape[-1]
    others_KK = torch.eye(n_classes, dtype=torch.bool, device=logits_BK.device)
    rest_BKK = logits_BK[:, None, :].masked_fill(others_KK, -torch.inf)
    return logits_BK - torch.logsumexp(rest_BKK, dim=-1)


def unit_of(model: TaskModel) -> str:
    """What a score of a head is measured in."""
    return "log odds" if model.head_config.kind in ("classes", "labels") else "units of the target"


class HeadAnswer(NamedTuple):
    """One output of a head for sequences, bases or tracks.

    Attributes:
        model: with the head.
        at: of a head along the sequence, the 0-based position asked about; None is the middle of each sequence.
    """

    model: TaskModel
    at: int | None = None

    def all_outputs(self, tokens: Tensor, lengths_B: Tensor | None) -> Tensor:
        """Every output's score, (B, K)."""
        logits = self.model(tokens, lengths_B).logits
        if self.model.head_config.by_position:
            logits = logits[torch.arange(len(logits), device=logits.device), self._rows(tokens, lengths_B)]
        return scores_of_logits(self.model, logits)

    def __call__(self, tokens: Tensor, lengths_B: Tensor | None, outputs_B: Tensor) -> Tensor:
        return self.all_outputs(tokens, lengths_B).gather(1, outputs_B[:, None])[:, 0]

    def _rows(self, tokens: Tensor, lengths_B: Tensor | None) -> Tensor:
        """Where along the logits the answer lies, int64 (B,)."""
        batch, length = tokens.shape[:2]
        if lengths_B is None:
            lengths_B = torch.full((batch,), length, device=tokens.device)
        bin_bp = self.model.head_config.bin_bp or 1
        asked_B = lengths_B // 2 if self.at is None else torch.full_like(lengths_B, self.at)
        return torch.minimum(asked_B // bin_bp, lengths_B // bin_bp - 1)


class AlleleIndex(NamedTuple):
    """Where the windows of two alleles lie in ``left + ref + alt + right``.

    Attributes:
        n_left, n_ref, n_alt, n_right: bases of the parts.
        pads: unknown bases that are put before and after, so that the change lies in the middle.
    """

    n_left: int
    n_ref: int
    n_alt: int
    n_right: int
    pads: tuple[int, int] = (0, 0)

    def window(self, tokens: Tensor, allele: int, unknown: Tensor) -> Tensor:
        """Tokens of the window with the reference's allele (0) or the alternative's (1).

        ``unknown`` is the token of N: its id, shape (), or its row (V,).
        """
        after = self.n_left + self.n_ref
        middle = tokens[:, self.n_left : after] if allele == 0 else tokens[:, after : after + self.n_alt]
        parts = [tokens[:, : self.n_left], middle, tokens[:, after + self.n_alt :]]
        if not any(self.pads):
            return torch.cat(parts, dim=1)
        before, behind = (unknown.expand(len(tokens), n_pads, *unknown.shape) for n_pads in self.pads)
        return torch.cat([before, *parts, behind], dim=1)


class VariantAnswer(NamedTuple):
    """What a head for variants says of an allele; tokens are those of ``left + ref + alt + right``."""

    model: TaskModel
    alleles: AlleleIndex

    def all_outputs(self, tokens: Tensor) -> Tensor:
        """Every output's score, (B, K)."""
        unknown = torch.tensor(self.model.tokenizer.unk_id, device=tokens.device)
        if tokens.is_floating_point():
            unknown = one_hot(self.model, unknown).to(tokens.dtype)
        ref, alt = (self.alleles.window(tokens, allele, unknown) for allele in (0, 1))
        return scores_of_logits(self.model, self.model.forward_pair(ref, alt).logits)

    def __call__(self, tokens: Tensor, lengths_B: Tensor | None, outputs_B: Tensor) -> Tensor:
        return self.all_outputs(tokens).gather(1, outputs_B[:, None])[:, 0]


class AlleleSites(NamedTuple):
    """Positions of one allele's window whose bases are scored.

    Attributes:
        allele: 0 the reference's window, 1 the alternative's.
        weights_N4: by offset in that window, how much ln p of A, C, G and T counts.
    """

    allele: int
    weights_N4: Sequence[tuple[int, Sequence[float]]]


class LikelihoodRatio(NamedTuple):
    """The log-likelihood ratio of an allele, in nats; tokens are those of ``left + ref + alt + right``.

    As ``scoring.variants.scores`` has it: each scored position is masked in turn, or (``masked`` False) all are read
    off one pass. Both strands are joined.

    Attributes:
        model: a language model.
        alleles: where they lie in the tokens.
        sites: what is scored.
        masked: whether a scored position is hidden from the model.
        constant: added; what longer alleles are counted against.
    """

    model: MaskedLanguageModel
    alleles: AlleleIndex
    sites: Sequence[AlleleSites]
    masked: bool
    constant: float

    def __call__(self, tokens: Tensor, lengths_B: Tensor | None, outputs_B: Tensor) -> Tensor:
        terms = [self._of_allele(tokens, sites) for sites in self.sites]
        return sum(terms[1:], terms[0]) + self.constant

    def _of_allele(self, tokens: Tensor, sites: AlleleSites) -> Tensor:
        window = self.alleles.window(tokens, sites.allele, torch.tensor(0))
        columns = base_columns(self.model)
        logits_BLV = None if self.masked else self.model.both_strands(window).logits
        total_B = torch.zeros(len(tokens), device=tokens.device)
        for offset, weights in sites.weights_N4:
            if logits_BLV is None:
                hidden = with_token(window, offset, self.model.tokenizer.mask_id)
                logits_BV = self.model.both_strands(hidden).logits[:, offset]
            else:
                logits_BV = logits_BLV[:, offset]
            log_p_B4 = torch.log_softmax(logits_BV[:, columns], dim=-1)
            total_B = total_B + (log_p_B4 * torch.tensor(weights, dtype=log_p_B4.dtype, device=tokens.device)).sum(-1)
        return total_B
