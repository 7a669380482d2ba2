"""Answers to rows: what a head says of each sequence, read whole, in batches of like lengths."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from dna_mamba.alphabet import N_CODE, bases_of, encode_bases
from dna_mamba.errors import InputError
from dna_mamba.inference.batch import by_length, pad, require_memory
from dna_mamba.models import TaskModel
from dna_mamba.models.streaming import budget_of
from dna_mamba.scoring.predictions.rows import InputRow
from dna_mamba.scoring.predictions.status import RowStatus
from dna_mamba.sequences.windows import MAX_UNKNOWN_SHARE
from dna_mamba.tokenizers.base import TokenIds

AnswerValues = NDArray[np.float32]
_NO_TOKENS = np.empty(0, dtype=np.int64)


class Answer(NamedTuple):
    """A row, its status, and what the head says of it: float32 (K,), None where it says nothing."""

    row: InputRow
    status: RowStatus
    values: AnswerValues | None


class Answering(NamedTuple):
    """How rows are answered.

    Attributes:
        model: with a head that answers once a sequence.
        positions: tokens of a pass at most, unless it is one sequence.
        batch_size: sequences in one forward pass at most; None for no such limit.
        max_length_bp: longest sequence taken; None for as long as memory allows.
    """

    model: TaskModel
    positions: int
    batch_size: int | None = None
    max_length_bp: int | None = None

    def of(self, rows: Sequence[InputRow]) -> list[Answer]:
        """An answer for each row, in order. A row's answer does not depend on the others (1e-5).

        Raises:
            InputError: letters that are not IUPAC codes, or answers that are not finite; names the row.
            MachineError: a sequence needs more memory than there is.
        """
        prepared = [self._prepared(row) for row in rows]
        tokens = [ids for _, ids in prepared]
        values: dict[int, AnswerValues] = {}
        asked = [index for index, ids in enumerate(tokens) if len(ids)]
        lengths = [len(tokens[index]) for index in asked]
        size = self.batch_size or max(1, len(asked))
        for batch in by_length(lengths, size, self.positions):
            chosen = [asked[i] for i in batch]
            values |= zip(chosen, self._read([tokens[i] for i in chosen]), strict=True)
        answers = [Answer(row, prepared[i][0], values.get(i)) for i, row in enumerate(rows)]
        for answer in answers:
            if answer.values is not None and not np.isfinite(answer.values).all():
                raise InputError(f"the answer for {answer.row.id!r} is not finite", remedy="check the model's weights")
        return answers

    def _prepared(self, row: InputRow) -> tuple[RowStatus, TokenIds]:
        """A row's status, and its tokens where it is answered."""
        if row.status not in (RowStatus.OK, RowStatus.EDGE_PADDED):
            return row.status, _NO_TOKENS
        if not row.letters:
            return RowStatus.EMPTY, _NO_TOKENS
        codes = encode_bases(row.letters, place=row.where or f"sequence {row.id!r}")
        unknown = np.count_nonzero(bases_of(codes) == N_CODE) / len(codes)
        ids = self.model.tokenizer.encode(row.letters) if unknown < 1 else _NO_TOKENS
        refusals = (
            (unknown == 1, RowStatus.N_ONLY),
            (len(ids) == 0, RowStatus.TOO_SHORT),
            (self.max_length_bp is not None and len(codes) > self.max_length_bp, RowStatus.TOO_LONG),
        )
        for applies, status in refusals:
            if applies:
                return status, _NO_TOKENS
        self._require_memory(row, len(ids))
        return (RowStatus.N_WINDOW if unknown > MAX_UNKNOWN_SHARE else row.status), ids

    def _require_memory(self, row: InputRow, n_tokens: int) -> None:
        if n_tokens > budget_of(self.model.device).positions:
            what, remedy = f"sequence {row.id!r} of {len(row.letters):,} bp", "give --max-length, or use more memory"
            both = self.model.joins_strands
            require_memory(self.model, 1, n_tokens, both_strands=both, what=what, remedy=remedy)

    @torch.inference_mode()
    def _read(self, sequences: Sequence[TokenIds]) -> AnswerValues:
        """(B, K), no part of the hidden states outlives the next."""
        batch = pad(sequences, self.model)
        ((_, output),) = self.model.stream(batch.ids_BL, batch.lengths_B)
        answers_BK: AnswerValues = self.model.answers(output.logits).float().cpu().numpy()
        return answers_BK
