"""``NucleotideTokenizer`` for Transformers: one token a base, no special token is ever added."""

from typing import Any

import numpy as np
from transformers import PreTrainedTokenizer

from dna_mamba.tokenizers import NucleotideTokenizer

_ALIASES = {"<mask>": "[MASK]", "<pad>": "[PAD]"}


class DnaMambaTokenizer(PreTrainedTokenizer):
    """Ids of the Caduceus or PlantCaduceus vocabulary; case is ignored, N and IUPAC codes become N, U is read as T.

    ``[MASK]`` or ``<mask>`` stands for a masked base. Padding goes to the right, where the models take it.

    Args:
        vocabulary: "caduceus" or "plantcaduceus".
        rows: of the embedding; default the tokens rounded up to a multiple of 8.
        **kwargs: what Transformers' tokenizers take.
    """

    model_input_names = ["input_ids", "attention_mask"]  # noqa: RUF012
    vocab_files_names: dict[str, str] = {}  # noqa: RUF012

    def __init__(self, vocabulary: str = "caduceus", rows: int | None = None, **kwargs: Any) -> None:
        self.nucleotides = NucleotideTokenizer(vocabulary, rows)
        self._tokens = [_name(self.nucleotides, i) for i in range(self.nucleotides.vocab_size)]
        self._ids = {token: i for i, token in enumerate(self._tokens)}
        kwargs = {"mask_token": "[MASK]", "pad_token": "[PAD]", "padding_side": "right"} | kwargs
        super().__init__(vocabulary=vocabulary, rows=rows, special_tokens_pattern="none", **kwargs)

    @classmethod
    def of(cls, tokenizer: NucleotideTokenizer) -> "DnaMambaTokenizer":
        """The same tokenizer for Transformers."""
        return cls(tokenizer.vocabulary, tokenizer.vocab_size)

    @property
    def vocab_size(self) -> int:
        """Rows of the embedding."""
        return self.nucleotides.vocab_size

    def get_vocab(self) -> dict[str, int]:
        return dict(self._ids)

    def save_vocabulary(self, save_directory: str, filename_prefix: str | None = None) -> tuple[str, ...]:
        """Nothing: ``tokenizer_config.json`` says it all."""
        return ()

    def prepare_for_tokenization(self, text: str, **kwargs: Any) -> tuple[str, dict[str, Any]]:
        for alias, token in _ALIASES.items():
            text = text.replace(alias, token)
        return text, kwargs

    def get_special_tokens_mask(
        self, token_ids_0: list[int], token_ids_1: list[int] | None = None, already_has_special_tokens: bool = False
    ) -> list[int]:
        """1 at every token that is not a base, N included: nothing to mask, nothing to predict."""
        ids = token_ids_0 + (token_ids_1 or [])
        found: list[int] = (~np.isin(ids, self.nucleotides.maskable_ids)).astype(int).tolist()
        return found

    def convert_tokens_to_string(self, tokens: list[str]) -> str:
        return "".join(tokens)

    def _tokenize(self, text: str, **kwargs: Any) -> list[str]:
        return [self._tokens[i] for i in self.nucleotides.encode(text)]

    def _convert_token_to_id(self, token: str) -> int | None:
        return self._ids.get(token)

    def _convert_id_to_token(self, index: int) -> str:
        return self._tokens[index]


def _name(nucleotides: NucleotideTokenizer, index: int) -> str:
    """As the published tokenizers spell it: specials in upper case and square brackets."""
    text = nucleotides.decode(np.array([index]))
    return text if len(text) == 1 else f"[{text.strip('<>').upper()}]"
