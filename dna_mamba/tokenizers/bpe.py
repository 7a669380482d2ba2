"""Byte-pair encoding of bases, through the library ``tokenizers`` (Sennrich et al. 2016)."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers
from tokenizers import models, pre_tokenizers, trainers

from dna_mamba.alphabet import BASES, Codes, bases_of, decode_bases, encode_bases
from dna_mamba.errors import InputError
from dna_mamba.tokenizers.base import TokenIds, check_ids

_SPECIALS = ("<pad>", "<mask>", "<unk>")
_PAD, _MASK, _UNK = range(3)
_TRAINING_PIECE_BP = 512
"""Merges are learnt within pieces of this length; counting over whole chromosomes takes time quadratic in them."""


class BPETokenizer:
    """Words of varying length, learnt from sequences by ``train``.

    Each N or other IUPAC code is one ``<unk>``, and no word spans one. ``complement`` is None: the reverse complement
    of a word need not be a word, so strand-symmetric models by construction cannot use it.

    Args:
        vocab: tokens in order of their ids: ``<pad>``, ``<mask>``, ``<unk>``, A, C, G, T, then the merged words.
        merges: pairs of tokens in the order in which they are merged.
    """

    kind = "bpe"
    pad_id, mask_id, unk_id = _PAD, _MASK, _UNK
    complement: TokenIds | None = None
    base_ids: TokenIds | None = None

    def __init__(self, vocab: Sequence[str], merges: Sequence[Sequence[str]]) -> None:
        if tuple(vocab[: len(_SPECIALS)]) != _SPECIALS or tuple(vocab[len(_SPECIALS) :][:4]) != tuple(BASES):
            raise InputError(
                "BPE vocabulary does not start with <pad>, <mask>, <unk>, A, C, G, T",
                remedy="use one made by BPETokenizer.train",
            )
        self._vocab = list(vocab)
        self._merges = [(str(left), str(right)) for left, right in merges]
        ids = {token: i for i, token in enumerate(self._vocab)}
        try:
            model = models.BPE(vocab=ids, merges=self._merges, unk_token=_SPECIALS[_UNK])
        except Exception as error:  # the library raises nothing narrower
            raise InputError(f"BPE merges do not fit the vocabulary ({error})") from None
        self._tokenizer = tokenizers.Tokenizer(model)
        self._tokenizer.pre_tokenizer = pre_tokenizers.Split("N", "isolated")

    @classmethod
    def train(
        cls, sequences: Iterable[str | bytes], vocab_size: int, *, max_word_bp: int | None = None
    ) -> "BPETokenizer":
        """Learn merges from sequences; equal sequences give equal tokenizers.

        Args:
            sequences: IUPAC letters; N and other codes part words.
            vocab_size: tokens in all, specials and bases included; fewer when the sequences run out of pairs.
            max_word_bp: longest word; without it repeats can become words of hundreds of bases.

        Raises:
            InputError: no room for the bases in ``vocab_size``, no sequence, or letters that are not IUPAC codes.
        """
        smallest = len(_SPECIALS) + len(BASES)
        if vocab_size < smallest:
            raise InputError(f"vocab_size={vocab_size} for BPE", remedy=f"choose at least {smallest}")
        trainer = trainers.BpeTrainer(
            vocab_size=vocab_size,
            special_tokens=list(_SPECIALS),
            initial_alphabet=list(BASES),
            max_token_length=max_word_bp,
            show_progress=False,
        )
        tokenizer = tokenizers.Tokenizer(models.BPE(unk_token=_SPECIALS[_UNK]))
        tokenizer.train_from_iterator(_training_pieces(sequences), trainer)
        return cls._from_library(json.loads(tokenizer.to_str()))

    @classmethod
    def from_file(cls, path: str | Path) -> "BPETokenizer":
        """Read what ``save`` wrote. Raises InputError if the file is not one of ours."""
        try:
            return cls._from_library(json.loads(Path(path).read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"no BPE tokenizer ({error!r})", place=path, remedy="give a file made by BPETokenizer.save"
            ) from None

    @classmethod
    def _from_library(cls, document: dict[str, Any]) -> "BPETokenizer":
        model = document["model"]
        vocab = sorted(model["vocab"], key=model["vocab"].__getitem__)
        merges = [pair.split(" ") if isinstance(pair, str) else pair for pair in model["merges"]]
        return cls(vocab, merges)

    def save(self, path: str | Path) -> None:
        """Write the JSON format of the library ``tokenizers``, which ``from_file`` and that library read."""
        Path(path).write_text(self._tokenizer.to_str(pretty=True), encoding="utf-8")

    @property
    def vocab_size(self) -> int:
        return len(self._vocab)

    @property
    def maskable_ids(self) -> TokenIds:
        """Every id but the specials, int64 (vocab_size - 3,)."""
        return np.arange(len(_SPECIALS), self.vocab_size, dtype=np.int64)

    def encode(self, sequence: str | bytes) -> TokenIds:
        """Token ids, int64 (L_tokens,). Raises InputError for letters that are not IUPAC nucleotide codes."""
        return self.encode_codes(encode_bases(sequence))

    def encode_codes(self, codes: Codes) -> TokenIds:
        """As ``encode``, from base codes of ``dna_mamba.alphabet``; the soft-mask bit is ignored."""
        encoding = self._tokenizer.encode(decode_bases(bases_of(codes)), add_special_tokens=False)
        return np.array(encoding.ids, dtype=np.int64)

    def decode(self, ids: TokenIds) -> str:
        """Upper-case letters, N for ``<unk>``, ``<mask>`` and ``<pad>`` by name."""
        ids = check_ids(ids, self.vocab_size)
        return "".join("N" if i == _UNK else self._vocab[i] for i in ids.tolist())

    def to_config(self) -> dict[str, Any]:
        return {"kind": self.kind, "vocab": list(self._vocab), "merges": [list(pair) for pair in self._merges]}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BPETokenizer) and self.to_config() == other.to_config()

    def __hash__(self) -> int:
        return hash((tuple(self._vocab), tuple(self._merges)))

    def __repr__(self) -> str:
        return f"BPETokenizer(vocab_size={self.vocab_size})"


def _training_pieces(sequences: Iterable[str | bytes]) -> Iterator[str]:
    n_bases = 0
    for sequence in sequences:
        for run in re.findall("[ACGT]+", decode_bases(bases_of(encode_bases(sequence)))):
            n_bases += len(run)
            yield from (run[i : i + _TRAINING_PIECE_BP] for i in range(0, len(run), _TRAINING_PIECE_BP))
    if not n_bases:
        raise InputError("no sequence to train a BPE tokenizer on")
